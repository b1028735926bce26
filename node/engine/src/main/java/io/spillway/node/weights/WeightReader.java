package io.spillway.node.weights;

import io.spillway.domain.error.SpillwayException;
import io.spillway.modelfile.ModelSource;
import io.spillway.modelfile.TensorEntry;
import io.spillway.modelfile.TensorType;
import io.spillway.node.compute.DType;
import io.spillway.node.compute.MatrixPacker;
import java.lang.foreign.MemorySegment;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Finds tensors by role, checks shape and type, and remembers which were asked for. Used by the loading thread only. */
final class WeightReader {
    private final ModelSource source;
    private final boolean ggufFile;
    private final Set<String> read = new HashSet<>();

    WeightReader(final ModelSource source) {
        this.source = source;
        ggufFile = source.gguf().isPresent();
    }

    /** A stored matrix: where its rows lie and how. */
    record Stored(MemorySegment bytes, DType dtype, int rows, int columns) { }

    boolean has(final WeightName name) {
        return source.find(name.in(ggufFile, 0)).isPresent();
    }

    /** @return rows of the stored embedding: the vocabulary */
    int vocabulary() {
        final TensorEntry entry = entry(WeightName.EMBEDDING, 0);
        if (entry.shape().size() != 2 || entry.shape().getFirst() > Integer.MAX_VALUE / 2) {
            throw misshapen(entry, "[vocabulary, hidden]");
        }
        return Math.toIntExact(entry.shape().getFirst());
    }

    /** @throws SpillwayException INVALID_MODEL_FILE when missing, misshapen or of an unsupported type */
    Stored matrix(final WeightName name, final int layer, final int rows, final int columns) {
        final TensorEntry entry = entry(name, layer);
        if (!entry.shape().equals(List.of((long) rows, (long) columns))) {
            throw misshapen(entry, "[" + rows + ", " + columns + "]");
        }
        return new Stored(source.tensor(entry.name()), dtype(entry), rows, columns);
    }

    /** @throws SpillwayException INVALID_MODEL_FILE when missing, misshapen or of an unsupported type */
    float[] vector(final WeightName name, final int layer, final int length) {
        final TensorEntry entry = entry(name, layer);
        if (!entry.shape().equals(List.of((long) length))) {
            throw misshapen(entry, "[" + length + "]");
        }
        final DType dtype = dtype(entry);
        final MemorySegment bytes = source.tensor(entry.name());
        final float[] vector = new float[length];
        for (int i = 0; i < length; i++) {
            vector[i] = MatrixPacker.storedValue(bytes, dtype, 0, i);
        }
        return vector;
    }

    /** Marks an optional tensor as understood. */
    void ignore(final WeightName name, final int layer) {
        read.add(name.in(ggufFile, layer));
    }

    /**
     * Refuses a file with tensors that nothing here asked for: a bias or an expert that is left out gives wrong answers.
     *
     * @throws SpillwayException INVALID_MODEL_FILE naming the first such tensor
     */
    void requireAllRead() {
        for (final TensorEntry entry : source.tensors()) {
            if (!read.contains(entry.name())) {
                throw InvalidModel.because(source, "tensor '" + entry.name() + "' has no place in this architecture; this variant is not supported");
            }
        }
    }

    private TensorEntry entry(final WeightName name, final int layer) {
        final String spelled = name.in(ggufFile, layer);
        read.add(spelled);
        return source.find(spelled).orElseThrow(() -> InvalidModel.because(source, "tensor '" + spelled + "' is missing"));
    }

    private DType dtype(final TensorEntry entry) {
        return switch (entry.type()) {
            case F32 -> DType.F32;
            case F16 -> DType.F16;
            case BF16 -> DType.BF16;
            case Q8_0 -> DType.Q8_0;
            case Q4_0 -> DType.Q4_0;
            default -> throw unsupported(entry.name(), entry.type());
        };
    }

    private SpillwayException unsupported(final String name, final TensorType type) {
        return InvalidModel.because(source, "tensor '" + name + "' is " + type
                + ", which is not supported; convert the model to F16, BF16, Q8_0 or pure Q4_0");
    }

    private SpillwayException misshapen(final TensorEntry entry, final String expected) {
        return InvalidModel.because(source, "tensor '" + entry.name() + "' is " + entry.shapeText() + " where the metadata says " + expected);
    }
}
