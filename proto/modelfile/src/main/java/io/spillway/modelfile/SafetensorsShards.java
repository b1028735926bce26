package io.spillway.modelfile;

import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.domain.error.SpillwayException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/** Finds the safetensors files of a Hugging Face directory: one, or the shards that an index names. */
final class SafetensorsShards {
    static final String SINGLE = "model.safetensors";
    static final String INDEX = "model.safetensors.index.json";
    private static final int SHARDS_MAX = 10_000;

    private SafetensorsShards() {
    }

    static boolean present(final Path directory) {
        return Files.isRegularFile(directory.resolve(SINGLE)) || Files.isRegularFile(directory.resolve(INDEX));
    }

    /** @return opened files in name order; the caller closes them */
    static List<SafetensorsFile> open(final Path directory) {
        final List<Path> paths = Files.isRegularFile(directory.resolve(SINGLE))
                ? List.of(directory.resolve(SINGLE)) : indexed(directory);
        final List<SafetensorsFile> files = new ArrayList<>();
        try {
            for (final Path path : paths) {
                files.add(SafetensorsFile.open(path));
            }
            return files;
        } catch (final SpillwayException e) {
            files.forEach(SafetensorsFile::close);
            throw e;
        }
    }

    private static List<Path> indexed(final Path directory) {
        final Path index = directory.resolve(INDEX);
        final JsonNode map = Json.readObject(index).path("weight_map");
        final SortedSet<String> names = new TreeSet<>();
        for (final JsonNode shard : map) {
            final String name = shard.asText("");
            // A shard is a plain name in this directory: an index must not be able to point anywhere else.
            if (name.isEmpty() || name.contains("/") || name.contains("\\") || name.contains("\0") || !name.endsWith(".safetensors")) {
                throw Refusal.damaged(index, "names the shard " + Refusal.quote(name));
            }
            names.add(name);
        }
        if (names.isEmpty() || names.size() > SHARDS_MAX) {
            throw Refusal.damaged(index, "names " + names.size() + " shards");
        }
        return names.stream().map(directory::resolve).toList();
    }
}
