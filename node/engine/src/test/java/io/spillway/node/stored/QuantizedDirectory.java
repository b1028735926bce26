package io.spillway.node.stored;

import io.spillway.modelfile.PlannedTensor;
import io.spillway.modelfile.SafetensorsWriter;
import io.spillway.modelfile.TensorType;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Writes Hugging Face directories with quantised tensors, by the layouts that their makers publish. */
final class QuantizedDirectory {
    private final List<PlannedTensor> tensors = new ArrayList<>();
    private final List<byte[]> payloads = new ArrayList<>();

    QuantizedDirectory raw(final String name, final TensorType type, final byte[] bytes, final long... shape) {
        final List<Long> dimensions = new ArrayList<>();
        for (final long dimension : shape) {
            dimensions.add(dimension);
        }
        tensors.add(new PlannedTensor(name, type, dimensions));
        payloads.add(bytes);
        return this;
    }

    QuantizedDirectory ints(final String name, final int[] values, final long... shape) {
        final ByteBuffer buffer = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        buffer.asIntBuffer().put(values);
        return raw(name, TensorType.I32, buffer.array(), shape);
    }

    QuantizedDirectory floats(final String name, final TensorType type, final float[] values, final long... shape) {
        final ByteBuffer buffer = ByteBuffer.allocate((int) type.bytesOf(values.length)).order(ByteOrder.LITTLE_ENDIAN);
        for (final float value : values) {
            switch (type) {
                case F16 -> buffer.putShort(Float.floatToFloat16(value));
                case BF16 -> buffer.putShort((short) (Float.floatToRawIntBits(value) >>> 16));
                default -> buffer.putFloat(value);
            }
        }
        return raw(name, type, buffer.array(), shape);
    }

    /**
     * GPTQ: {@code qweight[k / 8][n]} holds columns k … k + 7 from the lowest nibble up; {@code qzeros[g][n / 8]} likewise over
     * outputs, one less than the zero in version 1.
     *
     * @param weights {@code [columns][rows]}
     * @param zeros   {@code [groups][rows]}
     */
    QuantizedDirectory gptq(final String prefix, final int[][] weights, final int[][] zeros, final int zeroOffset) {
        final int columns = weights.length;
        final int rows = weights[0].length;
        final int[] words = new int[columns / 8 * rows];
        for (int k = 0; k < columns; k++) {
            for (int n = 0; n < rows; n++) {
                words[k / 8 * rows + n] |= weights[k][n] << 4 * (k % 8);
            }
        }
        final int[] zeroWords = new int[zeros.length * rows / 8];
        for (int g = 0; g < zeros.length; g++) {
            for (int n = 0; n < rows; n++) {
                zeroWords[(g * rows + n) / 8] |= (zeros[g][n] - zeroOffset) << 4 * (n % 8);
            }
        }
        return ints(prefix + "qweight", words, columns / 8, rows).ints(prefix + "qzeros", zeroWords, zeros.length, rows / 8);
    }

    /** AWQ: {@code qweight[k][n / 8]}; nibble i of a word is output 8 · word + order[i]; zeros likewise. */
    QuantizedDirectory awq(final String prefix, final int[][] weights, final int[][] zeros) {
        return ints(prefix + "qweight", awqWords(weights), weights.length, weights[0].length / 8)
                .ints(prefix + "qzeros", awqWords(zeros), zeros.length, zeros[0].length / 8);
    }

    private static int[] awqWords(final int[][] values) {
        final int[] order = {0, 2, 4, 6, 1, 3, 5, 7};
        final int rows = values[0].length;
        final int[] words = new int[values.length * rows / 8];
        for (int k = 0; k < values.length; k++) {
            for (int word = 0; word < rows / 8; word++) {
                for (int i = 0; i < 8; i++) {
                    words[k * rows / 8 + word] |= values[k][8 * word + order[i]] << 4 * i;
                }
            }
        }
        return words;
    }

    Path write(final Path directory, final String quantizationConfig) throws IOException {
        Files.writeString(directory.resolve("config.json"), "{\"model_type\": \"llama\""
                + (quantizationConfig.isEmpty() ? "" : ", \"quantization_config\": " + quantizationConfig) + "}");
        try (SafetensorsWriter writer = SafetensorsWriter.create(directory.resolve("model.safetensors"), Map.of(), tensors)) {
            payloads.forEach(bytes -> writer.append(MemorySegment.ofArray(bytes)));
            writer.commit();
        }
        return directory;
    }
}
