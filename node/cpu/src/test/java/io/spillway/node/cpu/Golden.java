package io.spillway.node.cpu;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Golden prompts, continuations and logits of a bundled model, computed elsewhere in float32. */
record Golden(String model, List<Prompt> prompts) {
    /** Four rows of logits, for the last four positions of the prompt; empty for prompts without. */
    record Prompt(int[] tokenIds, int[] greedyIds, float[][] logits) { }

    static Path models() {
        return Path.of(System.getProperty("spillway.root"), "deploy/local/models/brook");
    }

    static Path huggingFace(final String model) {
        return models().resolve(model);
    }

    static Path gguf(final String model) {
        return models().resolve(model).resolve(model + "-f16.gguf");
    }

    static Golden read(final String model) {
        try {
            final JsonNode root = JsonMapper.builder().build().readTree(models().resolve("golden/" + model + ".json").toFile());
            final List<Prompt> prompts = new ArrayList<>();
            for (final JsonNode prompt : root.path("prompts")) {
                final String logitsFile = prompt.path("logits_file").asText("");
                prompts.add(new Prompt(ints(prompt.path("prompt_ids")), ints(prompt.path("greedy_ids")),
                        logitsFile.isEmpty() ? new float[0][] : npy(models().resolve("golden").resolve(logitsFile), 4)));
            }
            return new Golden(model, prompts);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int[] ints(final JsonNode array) {
        final int[] values = new int[array.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = array.get(i).intValue();
        }
        return values;
    }

    private static float[][] npy(final Path file, final int rows) throws IOException {
        final ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        final int start = 10 + Short.toUnsignedInt(bytes.getShort(8));
        final int columns = (bytes.capacity() - start) / Float.BYTES / rows;
        final float[][] values = new float[rows][columns];
        bytes.position(start);
        for (final float[] row : values) {
            for (int i = 0; i < columns; i++) {
                row[i] = bytes.getFloat();
            }
        }
        return values;
    }
}
