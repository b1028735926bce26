package io.spillway.node.stored;

import java.lang.foreign.MemorySegment;

/**
 * GPTQ's {@code qweight}: words {@code [columns / 8][rows]}; nibble i of a word (lowest first) is column 8 · word + i.
 *
 * @param words borrowed
 */
record GptqNibbles(MemorySegment words, int rows) implements GroupedNibbles.Nibbles {
    private static final int PER_WORD = 8;

    @Override
    public void read(final int row, final int column, final int[] out) {
        for (int pair = 0; pair < 2; pair++) { // 8 columns and the 8 that lie 16 further
            final int low = word(row, column / PER_WORD + pair);
            final int high = word(row, column / PER_WORD + pair + 2);
            out[2 * pair] = apart(low) | apart(high) << 4;
            out[2 * pair + 1] = apart(low >>> 16) | apart(high >>> 16) << 4;
        }
    }

    @Override
    public int at(final int row, final int column) {
        return word(row, column / PER_WORD) >>> column % PER_WORD * 4 & 0xF;
    }

    private int word(final int row, final int wordRow) {
        return Bytes.word(words, ((long) wordRow * rows + row) * Integer.BYTES);
    }

    /** @return the four low nibbles, each in a byte of its own */
    private static int apart(final int nibbles) {
        final int pairs = nibbles & 0xFF | nibbles << 8 & 0x00FF0000;
        return (pairs | pairs << 4) & Bytes.NIBBLES;
    }
}
