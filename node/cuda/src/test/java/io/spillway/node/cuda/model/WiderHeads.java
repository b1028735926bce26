package io.spillway.node.cuda.model;

import io.spillway.modelfile.GgufFile;
import io.spillway.modelfile.GgufValue;
import io.spillway.modelfile.GgufWriter;
import io.spillway.modelfile.ModelSource;
import io.spillway.modelfile.PlannedTensor;
import io.spillway.modelfile.TensorEntry;
import io.spillway.modelfile.TensorType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** A tiny model like one of the reference ones, but with heads as wide as GPU kernels take, and random F16 matrices. */
final class WiderHeads {
    private static final int HEAD_DIM = 32;
    private static final Path MODELS = Path.of(System.getProperty("spillway.root"), "node/cpu/src/test/resources/reference");

    private WiderHeads() {
    }

    /** @return {@code target}, written */
    static Path write(final String like, final Path target) {
        try (ModelSource source = ModelSource.open(MODELS.resolve(like + ".gguf"))) {
            final GgufFile file = source.gguf().orElseThrow();
            final String architecture = file.string("general.architecture").orElseThrow();
            final int oldDim = (int) file.integer(architecture + ".attention.key_length").orElseThrow();
            final int heads = (int) file.integer(architecture + ".attention.head_count").orElseThrow();
            final int kvHeads = (int) file.integer(architecture + ".attention.head_count_kv").orElseThrow();
            final Map<String, GgufValue> metadata = new LinkedHashMap<>();
            for (final String key : file.keys()) {
                final boolean isHeadDim = key.endsWith("attention.key_length") || key.endsWith("attention.value_length")
                    || key.endsWith("rope.dimension_count") && file.integer(key).orElseThrow() == oldDim;
                metadata.put(key, isHeadDim ? GgufValue.ofInteger(HEAD_DIM) : file.value(key).orElseThrow());
            }
            final List<PlannedTensor> tensors = new ArrayList<>();
            for (final TensorEntry entry : source.tensors()) {
                final List<Long> shape = entry.shape().stream().map(size -> wider(size, entry.name(), oldDim, heads, kvHeads)).toList();
                tensors.add(new PlannedTensor(entry.name(), shape.size() == 1 || entry.name().endsWith(".bias") ? TensorType.F32 : TensorType.F16, shape));
            }
            write(target, metadata, tensors);
            return target;
        }
    }

    private static long wider(final long size, final String tensor, final int oldDim, final int heads, final int kvHeads) {
        final boolean isOfHeads = tensor.contains("attn_q") || tensor.contains("attn_k") || tensor.contains("attn_v") || tensor.contains("attn_output.weight");
        final boolean isHeads = size == (long) heads * oldDim || size == (long) kvHeads * oldDim || size == (long) (heads + 2 * kvHeads) * oldDim || size == oldDim;
        return isOfHeads && isHeads ? size / oldDim * HEAD_DIM : size;
    }

    private static void write(final Path target, final Map<String, GgufValue> metadata, final List<PlannedTensor> tensors) {
        try (GgufWriter writer = GgufWriter.create(target, metadata, tensors)) {
            for (final PlannedTensor tensor : tensors) {
                writer.append(random(tensor));
            }
            writer.commit();
        }
    }

    private static MemorySegment random(final PlannedTensor tensor) {
        final Random random = new Random(tensor.name().hashCode());
        final MemorySegment bytes = MemorySegment.ofArray(new byte[(int) tensor.sizeBytes()]);
        final double scale = 1 / Math.sqrt(tensor.shape().getLast());
        final boolean isGain = tensor.name().contains("norm");
        for (long i = 0; i * (tensor.type() == TensorType.F32 ? 4 : 2) < bytes.byteSize(); i++) {
            if (tensor.type() == TensorType.F32) {
                bytes.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i, (float) (isGain ? 1 + 0.1 * random.nextGaussian() : 0.2 * random.nextGaussian()));
            } else {
                bytes.setAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, i, Float.floatToFloat16((float) (scale * random.nextGaussian())));
            }
        }
        return bytes;
    }
}
