package io.spillway.node.compute;

/**
 * A weight matrix {@code [rows][columns]} as a file stores it, whatever the file's format: rows can be decoded piece by
 * piece into what a {@link PackedMatrix} holds. Immutable; any thread may read while the file is open.
 */
public interface StoredMatrix {
    /** @return outputs */
    int rows();

    /** @return inputs */
    int columns();

    /** @return the narrowest packed format that holds every stored number exactly */
    DType packedAs();

    /**
     * Decodes a piece of a row.
     *
     * @param column first column: a multiple of 32, of Q4_K's 256; the piece has as many columns, of F32, F16 and BF16 fewer
     *               where the row ends
     * @param into   filled as {@link StoredBlock} says for {@link #packedAs()}
     */
    void read(int row, int column, StoredBlock into);

    /**
     * @return the element there by the format's definition: exact, but for one rounding to F32 where a sum (scale · integer +
     *         offset) or a product (e4m3 · F32 scale) has more bits. Slow
     */
    float at(int row, int column);
}
