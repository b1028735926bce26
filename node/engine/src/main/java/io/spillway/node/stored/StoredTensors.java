package io.spillway.node.stored;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.error.SpillwayException;
import io.spillway.modelfile.ModelSource;
import io.spillway.modelfile.TensorEntry;
import java.util.List;
import java.util.Optional;

/** Finds a model's tensors by the names that they have unquantised, and knows what each is made of. Immutable; the loading thread asks. */
public final class StoredTensors {
    private static final long ELEMENTS_MAX = 1L << 40;

    private final ModelSource source;

    /** @throws SpillwayException INVALID_MODEL_FILE for a quantisation that is not supported */
    public StoredTensors(final ModelSource source) {
        this.source = requireNonNull(source, "source");
    }

    /**
     * @param name as an unquantised file spells it, for instance {@code model.layers.0.mlp.up_proj.weight}
     * @return empty when there is none of that name
     * @throws SpillwayException INVALID_MODEL_FILE when its type is not supported, or its parts contradict each other
     */
    public Optional<StoredTensor> find(final String name) {
        return source.find(name).map(this::plain);
    }

    private StoredTensor plain(final TensorEntry entry) {
        final int columns = entry.shape().isEmpty() ? 1 : size(entry, entry.shape().getLast());
        final int rows = size(entry, entry.elements() / columns);
        if (!StoredRows.reads(entry.type())) {
            throw InvalidTensor.because(source, "tensor '" + entry.name() + "' is " + entry.type()
                    + ", which is not supported; convert the model to F16, BF16, Q8_0, Q4_K or another of the formats that deploy/docs/formats.md lists");
        }
        return new StoredTensor(entry.shape(), List.of(entry.name()),
                StoredRows.of(source.tensor(entry.name()), entry.type(), rows, columns).orElseThrow());
    }

    private int size(final TensorEntry entry, final long size) {
        if (size > Integer.MAX_VALUE || entry.elements() > ELEMENTS_MAX) {
            throw InvalidTensor.because(source, "tensor '" + entry.name() + "' " + entry.shapeText() + " is too large");
        }
        return (int) size;
    }
}
