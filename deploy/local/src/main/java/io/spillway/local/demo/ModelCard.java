package io.spillway.local.demo;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What the model's makers measured on the same episodes.
 *
 * @param failed ids of the episodes that they did not see solved
 */
public record ModelCard(Set<String> failed) {
    private static final JsonMapper JSON = new JsonMapper();

    public ModelCard {
        failed = Set.copyOf(failed);
    }

    /** @return the card in {@code results-MODEL.json} beside the episode file; empty when there is none */
    public static Optional<ModelCard> beside(final Path episodes, final String model) {
        final Path file = episodes.toAbsolutePath().resolveSibling("results-" + model + ".json");
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        try {
            final Set<String> failed = new HashSet<>();
            for (final JsonNode failure : JSON.readTree(file.toFile()).path("failures")) {
                failed.add(failure.path("id").asText());
            }
            return Optional.of(new ModelCard(failed));
        } catch (final IOException e) {
            throw new SpillwayException(ErrorCode.INVALID_VALUE, "cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    /** @return how many of {@code episodes} the card counts as solved */
    public long solved(final List<Episode> episodes) {
        return episodes.stream().filter(episode -> !failed.contains(episode.id())).count();
    }
}
