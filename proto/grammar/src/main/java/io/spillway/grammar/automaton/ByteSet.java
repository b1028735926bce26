package io.spillway.grammar.automaton;

/**
 * Some of the 256 bytes. Immutable.
 *
 * @param bits0 bytes 0 to 63, bit by bit
 * @param bits1 bytes 64 to 127
 * @param bits2 bytes 128 to 191
 * @param bits3 bytes 192 to 255
 */
public record ByteSet(long bits0, long bits1, long bits2, long bits3) {
    /** No byte. */
    public static final ByteSet NONE = new ByteSet(0, 0, 0, 0);
    /** Every byte. */
    public static final ByteSet ALL = new ByteSet(-1, -1, -1, -1);

    /** @return one byte, 0 to 255 */
    public static ByteSet of(final int value) {
        return range(value, value);
    }

    /** @return the bytes {@code from} to {@code to}, both included */
    public static ByteSet range(final int from, final int to) {
        return new ByteSet(word(from, to), word(from - 64, to - 64), word(from - 128, to - 128), word(from - 192, to - 192));
    }

    private static long word(final int from, final int to) {
        if (to < 0 || from > 63) {
            return 0;
        }
        final int low = Math.max(0, from);
        final int high = Math.min(63, to);
        return -1L >>> (63 - (high - low)) << low;
    }

    /** @return whether the byte {@code value}, 0 to 255, is in it */
    public boolean contains(final int value) {
        final long word = switch (value >>> 6) {
            case 0 -> bits0;
            case 1 -> bits1;
            case 2 -> bits2;
            default -> bits3;
        };
        return (word >>> value & 1) != 0;
    }

    /** @return the bytes in either */
    public ByteSet or(final ByteSet other) {
        return new ByteSet(bits0 | other.bits0, bits1 | other.bits1, bits2 | other.bits2, bits3 | other.bits3);
    }

    /** @return the bytes that are not in it */
    public ByteSet complement() {
        return new ByteSet(~bits0, ~bits1, ~bits2, ~bits3);
    }

    /** @return whether no byte is in it */
    public boolean isEmpty() {
        return (bits0 | bits1 | bits2 | bits3) == 0;
    }

    /** @return how many bytes are in it */
    public int size() {
        return Long.bitCount(bits0) + Long.bitCount(bits1) + Long.bitCount(bits2) + Long.bitCount(bits3);
    }
}
