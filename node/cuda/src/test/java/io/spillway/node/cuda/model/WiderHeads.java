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
    private static final int EXPERT_WIDTH = 24;
    private static final Path MODELS = Path.of(System.getProperty("spillway.root"), "node/cpu/src/test/resources/reference");

    private WiderHeads() {
    }

    /** @return {@code target}, written */
    static Path write(final String like, final Path target) {
        try (ModelSource source = ModelSource.open(MODELS.resolve(like + ".gguf"))) {
            final GgufFile file = source.gguf().orElseThrow();
            final String architecture = file.string("general.architecture").orElseThrow();
            final int oldDim = (int) file.integer(architecture + ".attention.key_length").orElseThrow();
            final int oldWidth = (int) file.integer(architecture + ".expert_feed_forward_length").orElse(0);
            final Map<String, GgufValue> metadata = new LinkedHashMap<>();
            for (final String key : file.keys()) {
                final boolean isHeadDim = key.endsWith("attention.key_length") || key.endsWith("attention.value_length")
                    || key.endsWith("rope.dimension_count") && file.integer(key).orElseThrow() == oldDim;
                final boolean isWidth = oldWidth > 0 && key.endsWith("feed_forward_length") && file.integer(key).orElseThrow() == oldWidth;
                metadata.put(key, isHeadDim ? GgufValue.ofInteger(HEAD_DIM) : isWidth ? GgufValue.ofInteger(EXPERT_WIDTH) : file.value(key).orElseThrow());
            }
            final List<PlannedTensor> tensors = new ArrayList<>();
            for (final TensorEntry entry : source.tensors()) {
                final List<Long> shape = wider(entry, oldDim, oldWidth);
                tensors.add(new PlannedTensor(entry.name(), shape.size() == 1 || entry.name().endsWith(".bias") ? TensorType.F32 : TensorType.F16, shape));
            }
            write(target, metadata, tensors);
            return target;
        }
    }

    private static List<Long> wider(final TensorEntry entry, final int oldDim, final int oldWidth) {
        final List<Long> shape = new ArrayList<>(entry.shape());
        final String name = entry.name();
        if (name.contains("attn_output.weight")) {
            shape.set(1, shape.get(1) / oldDim * HEAD_DIM);
        } else if (name.contains(".attn_q") || name.contains(".attn_k") || name.contains(".attn_v")) {
            shape.set(0, shape.get(0) / oldDim * HEAD_DIM);
        }
        shape.replaceAll(size -> name.contains("_exps") && size == oldWidth ? Long.valueOf(EXPERT_WIDTH) : size);
        return shape;
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
