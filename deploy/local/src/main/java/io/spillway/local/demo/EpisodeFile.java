package io.spillway.local.demo;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** An episode file: one JSON object per line, with {@code tools.json} (an OpenAI tools array) beside it. */
public final class EpisodeFile {
    private static final JsonMapper JSON = JsonMapper.builder()
        .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
        .build();

    private EpisodeFile() {
    }

    /** @return the episodes of {@code file}, in order; throws {@link SpillwayException} naming the line that is wrong */
    public static List<Episode> read(final Path file) {
        final List<Episode> episodes = new ArrayList<>();
        int number = 0;
        for (final String line : lines(file)) {
            number++;
            if (!line.isBlank()) {
                episodes.add(episode(file, number, line));
            }
        }
        if (episodes.isEmpty()) {
            throw new SpillwayException(ErrorCode.INVALID_VALUE, file + " holds no episodes");
        }
        return episodes;
    }

    /** @return the signatures in {@code tools.json} beside {@code file}: a JSON array, sent as it stands */
    public static JsonNode tools(final Path file) {
        final Path tools = file.toAbsolutePath().resolveSibling("tools.json");
        try {
            return JSON.readTree(Files.readString(tools));
        } catch (final IOException e) {
            throw new SpillwayException(ErrorCode.INVALID_VALUE, "cannot read the tool signatures in " + tools + ": " + e.getMessage(), e);
        }
    }

    private static Episode episode(final Path file, final int number, final String line) {
        try {
            final JsonNode node = JSON.readTree(line);
            if (!node.path("id").isTextual() || !node.path("turns").isArray() || !node.path("system").isTextual()) {
                throw new SpillwayException(ErrorCode.INVALID_VALUE, file + " line " + number + " is not an episode: it needs id, system and turns");
            }
            return JSON.treeToValue(node, Episode.class);
        } catch (final JsonProcessingException e) {
            throw new SpillwayException(ErrorCode.INVALID_VALUE,
                file + " line " + number + " is not an episode: " + e.getOriginalMessage().replace('\n', ' '), e);
        }
    }

    private static List<String> lines(final Path file) {
        try {
            return Files.readAllLines(file);
        } catch (final NoSuchFileException e) {
            throw new SpillwayException(ErrorCode.INVALID_VALUE, "no episode file at " + file, e);
        } catch (final IOException e) {
            throw new SpillwayException(ErrorCode.INVALID_VALUE, "cannot read " + file + ": " + e.getMessage(), e);
        }
    }
}
