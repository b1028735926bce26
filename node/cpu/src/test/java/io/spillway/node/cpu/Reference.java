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

/** The tiny models of every architecture and format, with logits that llama.cpp computed; {@code reference/README.md} says how. */
record Reference(int[] tokens, int[] positions, List<Case> cases) {
    private static final Path FOLDER = Path.of(System.getProperty("spillway.root"), "node/cpu/src/test/resources/reference");

    /**
     * @param relativeErrorMax bound of ‖ours − theirs‖ / ‖theirs‖ at every position
     * @param exact            whether there are also logits of the same weights as F32: of a format for which llama.cpp rounds
     *                         activations, to 8 bits (integers), to bfloat16 or to half
     */
    record Case(String name, double relativeErrorMax, boolean exact) {
        Path file() {
            return FOLDER.resolve(name + ".gguf");
        }

        float[] logits() {
            return floats(name + ".logits");
        }

        float[] exactLogits() {
            return floats(name + ".exact.logits");
        }

        @Override
        public String toString() {
            return name;
        }
    }

    static Reference read() {
        try {
            final JsonNode root = JsonMapper.builder().build().readTree(FOLDER.resolve("reference.json").toFile());
            final List<Case> cases = new ArrayList<>();
            root.path("models").forEach(m ->
                    cases.add(new Case(m.path("name").asText(), m.path("relativeErrorMax").asDouble(), m.path("exact").asBoolean())));
            return new Reference(ints(root.path("tokens")), ints(root.path("positions")), cases);
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

    private static float[] floats(final String file) {
        try {
            final ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(FOLDER.resolve(file))).order(ByteOrder.LITTLE_ENDIAN);
            final float[] values = new float[bytes.capacity() / Float.BYTES];
            bytes.asFloatBuffer().get(values);
            return values;
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
