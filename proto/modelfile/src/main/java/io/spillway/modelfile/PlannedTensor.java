package io.spillway.modelfile;

import static java.util.Objects.requireNonNull;

import java.util.List;

/**
 * A tensor that a writer is going to write.
 *
 * @param shape row-major, outermost first; rows are whole blocks of the type
 */
public record PlannedTensor(String name, TensorType type, List<Long> shape) {
    public PlannedTensor {
        requireNonNull(name, "name");
        requireNonNull(type, "type");
        shape = List.copyOf(shape);
    }

    /** @return its bytes */
    public long sizeBytes() {
        return type.bytesOf(shape.stream().reduce(1L, Math::multiplyExact));
    }
}
