package io.spillway.node.weights;

import io.spillway.modelfile.TensorEntry;
import io.spillway.modelfile.TensorType;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A tensor as one kind of file wants it, made of what the other kind has. Immutable; any thread may read while the source is open.
 *
 * @param name     in the file to be
 * @param shape    row-major, outermost first
 * @param keptType what it is written as where it is not to be quantised: F32 for vectors, else the type it is stored in
 * @param parts    the source's tensors it is made of; none for what a configuration says
 * @param rows     its numbers
 */
public record ConvertedTensor(String name, List<Long> shape, TensorType keptType, List<TensorEntry> parts, Rows rows) {
    public ConvertedTensor {
        shape = List.copyOf(shape);
        parts = List.copyOf(parts);
    }

    /** All but the last dimension as rows. */
    @FunctionalInterface
    public interface Rows {
        /** @return that row, a fresh array */
        float[] row(int row);

        /** @return whether rows can be copied as they are stored, without decoding them */
        default boolean copies() {
            return false;
        }

        /**
         * Writes a row as it is stored, unchanged. Only where {@link #copies} says so.
         *
         * @param target gets the bytes of a row from {@code at} on
         */
        default void copyRow(final int row, final MemorySegment target, final long at) {
            throw new UnsupportedOperationException("rows of this tensor are made, not copied");
        }
    }

    /** @return how many rows */
    public int rowCount() {
        return Math.toIntExact(shape.stream().limit(shape.size() - 1L).reduce(1L, Math::multiplyExact));
    }

    /** @return numbers of a row */
    public int columns() {
        return Math.toIntExact(shape.getLast());
    }
}
