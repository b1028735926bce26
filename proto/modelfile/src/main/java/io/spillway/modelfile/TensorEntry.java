package io.spillway.modelfile;

import static java.util.Objects.requireNonNull;

import java.util.List;

/**
 * One tensor of a file's directory.
 *
 * @param name        as the file spells it
 * @param type        storage of its numbers
 * @param shape       row-major, outermost first: a matrix is {@code [rows, columns]}; empty for a scalar
 * @param offsetBytes from the start of its file
 * @param sizeBytes   stored bytes
 */
public record TensorEntry(String name, TensorType type, List<Long> shape, long offsetBytes, long sizeBytes) {
    public TensorEntry {
        requireNonNull(name, "name");
        requireNonNull(type, "type");
        shape = List.copyOf(shape);
    }

    /** @return number of elements */
    public long elements() {
        return shape.stream().reduce(1L, Math::multiplyExact);
    }

    /** @return the shape as a person writes it, for instance {@code [2048, 256]} */
    public String shapeText() {
        return shape.toString();
    }
}
