package io.spillway.node.weights;

import io.spillway.domain.error.SpillwayException;
import io.spillway.modelfile.ModelSource;
import io.spillway.modelfile.TensorEntry;
import io.spillway.node.compute.StoredMatrix;
import io.spillway.node.stored.StoredTensor;
import io.spillway.node.stored.StoredTensors;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Finds tensors by role, checks shape and type, and remembers which were asked for. Used by the loading thread only. */
final class WeightReader {
    private final ModelSource source;
    private final StoredTensors tensors;
    private final boolean ggufFile;
    private final Set<String> read = new HashSet<>();

    WeightReader(final ModelSource source) {
        this.source = source;
        tensors = new StoredTensors(source);
        ggufFile = source.gguf().isPresent();
    }

    /** @return weights of the file, roughly: for progress */
    long elements() {
        return tensors.elements();
    }

    boolean has(final WeightName name) {
        return tensors.has(name.in(ggufFile, 0));
    }

    /** @return rows of the stored embedding: the vocabulary */
    int vocabulary() {
        final StoredTensor tensor = tensor(WeightName.EMBEDDING, 0);
        if (tensor.shape().size() != 2 || tensor.shape().getFirst() > Integer.MAX_VALUE / 2) {
            throw misshapen(WeightName.EMBEDDING.in(ggufFile, 0), tensor, "[vocabulary, hidden]");
        }
        return Math.toIntExact(tensor.shape().getFirst());
    }

    /** @throws SpillwayException INVALID_MODEL_FILE when missing, misshapen or of an unsupported type */
    StoredMatrix matrix(final WeightName name, final int layer, final int rows, final int columns) {
        return matrix(name.in(ggufFile, layer), List.of((long) rows, (long) columns));
    }

    /** All experts' matrices of one role: {@code [count][rows][columns]}. */
    record ExpertsShape(int count, int rows, int columns) { }

    /**
     * @return all experts' rows one after the other, or those of that expert, as the file has it ({@link #standsPerExpert})
     * @throws SpillwayException INVALID_MODEL_FILE when missing, misshapen or of an unsupported type
     */
    StoredMatrix experts(final WeightName name, final int layer, final int expert, final ExpertsShape shape) {
        return standsPerExpert(name) ? matrix(name.in(ggufFile, layer, expert), List.of((long) shape.rows(), (long) shape.columns()))
                : matrix(name.in(ggufFile, layer), List.of((long) shape.count(), (long) shape.rows(), (long) shape.columns()));
    }

    boolean standsPerExpert(final WeightName name) {
        return name.standsPerExpert(ggufFile);
    }

    private StoredMatrix matrix(final String spelled, final List<Long> shape) {
        final StoredTensor tensor = tensor(spelled);
        if (!tensor.shape().equals(shape)) {
            throw misshapen(spelled, tensor, shape.toString());
        }
        return tensor.matrix();
    }

    /** @return one vector per expert, {@code [experts][length]} */
    float[][] vectors(final WeightName name, final int layer, final int experts, final int length) {
        final StoredTensor tensor = tensor(name, layer);
        if (!tensor.shape().equals(List.of((long) experts, (long) length))) {
            throw misshapen(name.in(ggufFile, layer), tensor, "[" + experts + ", " + length + "]");
        }
        final float[][] vectors = new float[experts][];
        for (int expert = 0; expert < experts; expert++) {
            vectors[expert] = tensor.row(expert);
        }
        return vectors;
    }

    /** @throws SpillwayException INVALID_MODEL_FILE when missing, misshapen or of an unsupported type */
    float[] vector(final WeightName name, final int layer, final int length) {
        final StoredTensor tensor = tensor(name, layer);
        if (!tensor.shape().equals(List.of((long) length))) {
            throw misshapen(name.in(ggufFile, layer), tensor, "[" + length + "]");
        }
        return tensor.row(0);
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
            if (!read.contains(entry.name()) && !tensors.isSide(entry.name())) {
                throw InvalidModel.because(source, "tensor '" + entry.name() + "' has no place in this architecture; this variant is not supported");
            }
        }
    }

    private StoredTensor tensor(final WeightName name, final int layer) {
        return tensor(name.in(ggufFile, layer));
    }

    private StoredTensor tensor(final String spelled) {
        final StoredTensor tensor = tensors.find(spelled)
                .orElseThrow(() -> InvalidModel.because(source, "tensor '" + spelled + "' is missing"));
        read.addAll(tensor.parts());
        return tensor;
    }

    private SpillwayException misshapen(final String name, final StoredTensor tensor, final String expected) {
        return InvalidModel.because(source, "tensor '" + name + "' is " + tensor.shape() + " where the metadata says " + expected);
    }
}
