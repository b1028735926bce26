package io.spillway.node.stored;

import java.lang.foreign.MemorySegment;

/**
 * AWQ's {@code qweight} ("gemm"): words {@code [columns][rows / 8]}; of the 8 rows of a word, 0 2 4 6 lie in nibbles 0 to 3 and
 * 1 3 5 7 in nibbles 4 to 7.
 *
 * @param words borrowed
 */
record AwqNibbles(MemorySegment words, int rows) implements GroupedNibbles.Nibbles {
    private static final int PER_WORD = 8;

    /** @return by how many bits the integer of that row is shifted in its word */
    static int shift(final int row) {
        return (row % 2 * 4 + row % PER_WORD / 2) * 4;
    }

    @Override
    public void read(final int row, final int column, final int[] out) {
        for (int q = 0; q < 4; q++) {
            int word = 0;
            for (int j = 0; j < 4; j++) {
                word |= (at(row, column + 4 * q + j) | at(row, column + 16 + 4 * q + j) << 4) << 8 * j;
            }
            out[q] = word;
        }
    }

    @Override
    public int at(final int row, final int column) {
        return Bytes.word(words, ((long) column * (rows / PER_WORD) + row / PER_WORD) * Integer.BYTES) >>> shift(row) & 0xF;
    }
}
