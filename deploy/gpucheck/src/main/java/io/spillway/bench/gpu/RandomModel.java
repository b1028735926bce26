package io.spillway.bench.gpu;

import io.spillway.modelfile.GgufValue;
import io.spillway.modelfile.GgufWriter;
import io.spillway.modelfile.PlannedTensor;
import io.spillway.modelfile.TensorType;
import io.spillway.node.compute.Half;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * A llama of random bf16 weights, as a file.
 *
 * @param name        of the shape
 * @param hidden      width of the residual stream
 * @param feedForward inner width
 * @param tied        whether embedding and head are one matrix
 */
record RandomModel(String name, int layers, int hidden, int heads, int kvHeads, int headDim, int feedForward, int vocabulary, boolean tied) {
    /** The shape of Llama 3.2 1B. */
    static final RandomModel LLAMA_1B = new RandomModel("1B", 16, 2048, 32, 8, 64, 8192, 128_256, true);
    /** The shape of Llama 3.1 8B. */
    static final RandomModel LLAMA_8B = new RandomModel("8B", 32, 4096, 32, 8, 128, 14_336, 128_256, false);
    /** For machines without a GPU. */
    static final RandomModel TINY = new RandomModel("tiny", 1, 32, 2, 1, 16, 32, 64, true);

    private static final int CONTEXT = 131_072;
    private static final int RANDOMS = 8 << 20;

    /** @return weights that a decode step reads, in bytes */
    long stepBytes() {
        return 2L * (layers * layerNumbers() + (long) vocabulary * hidden);
    }

    private long layerNumbers() {
        return (long) hidden * (2 * heads + 2 * kvHeads) * headDim + 3L * hidden * feedForward;
    }

    /** @return bytes of keys and values of a token, as halves */
    long tokenBytes() {
        return 4L * layers * kvHeads * headDim;
    }

    /** @return floating-point operations of a prompt's products and of its attention, without the head */
    double prefillFlops(final long tokens) {
        return layers * (2.0 * tokens * layerNumbers() + 2.0 * heads * headDim * tokens * (tokens + 1));
    }

    /** Writes it. @return the file */
    Path write(final Path file) {
        final Map<String, GgufValue> metadata = new LinkedHashMap<>();
        metadata.put("general.architecture", GgufValue.ofString("llama"));
        final Map<String, Integer> numbers = new LinkedHashMap<>(Map.of("block_count", layers, "context_length", CONTEXT, "embedding_length", hidden,
            "feed_forward_length", feedForward, "attention.head_count", heads, "attention.head_count_kv", kvHeads, "attention.key_length", headDim,
            "attention.value_length", headDim, "rope.dimension_count", headDim));
        numbers.forEach((key, value) -> metadata.put("llama." + key, GgufValue.ofInteger(value)));
        metadata.put("llama.rope.freq_base", GgufValue.ofReal(500_000f));
        metadata.put("llama.attention.layer_norm_rms_epsilon", GgufValue.ofReal(1e-5f));
        final List<PlannedTensor> tensors = tensors();
        try (Arena arena = Arena.ofConfined(); GgufWriter writer = GgufWriter.create(file, metadata, tensors)) {
            final MemorySegment randoms = randoms(arena);
            final MemorySegment gains = arena.allocate((long) hidden * Float.BYTES);
            for (int i = 0; i < hidden; i++) {
                gains.setAtIndex(ValueLayout.JAVA_FLOAT, i, 1f);
            }
            for (final PlannedTensor tensor : tensors) {
                append(writer, tensor, tensor.type() == TensorType.F32 ? gains : randoms);
            }
            writer.commit();
        }
        return file;
    }

    private static void append(final GgufWriter writer, final PlannedTensor tensor, final MemorySegment from) {
        for (long at = 0; at < tensor.sizeBytes(); at += from.byteSize()) {
            writer.append(from.asSlice(0, Math.min(from.byteSize(), tensor.sizeBytes() - at)));
        }
    }

    /** Normally distributed, so small that sums of a row stay ordinary. */
    private MemorySegment randoms(final Arena arena) {
        final Random random = new Random(11);
        final MemorySegment all = arena.allocate(2L * RANDOMS, Long.BYTES);
        for (int i = 0; i < RANDOMS; i++) {
            all.setAtIndex(ValueLayout.JAVA_SHORT, i, Half.bf16FromFloat((float) (random.nextGaussian() / Math.sqrt(hidden))));
        }
        return all;
    }

    private List<PlannedTensor> tensors() {
        final List<PlannedTensor> tensors = new ArrayList<>();
        tensors.add(matrix("token_embd.weight", vocabulary, hidden));
        tensors.add(gain("output_norm.weight"));
        if (!tied) {
            tensors.add(matrix("output.weight", vocabulary, hidden));
        }
        for (int layer = 0; layer < layers; layer++) {
            final String prefix = "blk." + layer + ".";
            tensors.add(gain(prefix + "attn_norm.weight"));
            tensors.add(matrix(prefix + "attn_q.weight", heads * headDim, hidden));
            tensors.add(matrix(prefix + "attn_k.weight", kvHeads * headDim, hidden));
            tensors.add(matrix(prefix + "attn_v.weight", kvHeads * headDim, hidden));
            tensors.add(matrix(prefix + "attn_output.weight", hidden, heads * headDim));
            tensors.add(gain(prefix + "ffn_norm.weight"));
            tensors.add(matrix(prefix + "ffn_gate.weight", feedForward, hidden));
            tensors.add(matrix(prefix + "ffn_up.weight", feedForward, hidden));
            tensors.add(matrix(prefix + "ffn_down.weight", hidden, feedForward));
        }
        return tensors;
    }

    private static PlannedTensor matrix(final String name, final long rows, final long columns) {
        return new PlannedTensor(name, TensorType.BF16, List.of(rows, columns));
    }

    private PlannedTensor gain(final String name) {
        return new PlannedTensor(name, TensorType.F32, List.of((long) hidden));
    }
}
