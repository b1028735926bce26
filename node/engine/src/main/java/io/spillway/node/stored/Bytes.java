package io.spillway.node.stored;

import io.spillway.node.compute.Half;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Little-endian reads, and arithmetic on the four bytes of a word at once. */
final class Bytes {
    /** The low nibble of each byte. */
    static final int NIBBLES = 0x0F0F0F0F;
    /** Bit 0 of each byte. */
    static final int ONES = 0x01010101;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int SIGNS = 0x80808080;
    // Four bits spread over four bytes: each lands on bit 0 of its byte without meeting another.
    private static final int SPREAD = 0x00204081;

    private Bytes() {
    }

    static int word(final MemorySegment bytes, final long at) {
        return bytes.get(INT, at);
    }

    static short half(final MemorySegment bytes, final long at) {
        return bytes.get(SHORT, at);
    }

    static float f16(final MemorySegment bytes, final long at) {
        return Half.toFloat(bytes.get(SHORT, at));
    }

    static int unsigned(final MemorySegment bytes, final long at) {
        return Byte.toUnsignedInt(bytes.get(ValueLayout.JAVA_BYTE, at));
    }

    static int signed(final MemorySegment bytes, final long at) {
        return bytes.get(ValueLayout.JAVA_BYTE, at);
    }

    /** @return every byte of {@code word}, which is below 128, less {@code amount} (1 to 128), as int8 */
    static int minus(final int word, final int amount) {
        return (word | SIGNS) - amount * ONES ^ SIGNS;
    }

    /** @return bits 0 to 3 of {@code bits}, each in bit 0 of its byte */
    static int spread(final int bits) {
        return (bits & 0xF) * SPREAD & ONES;
    }

    /** @return the nibble of column {@code column} (0 to 31) of 16 bytes that hold columns 0–15 low and 16–31 high */
    static int nibble(final MemorySegment bytes, final long at, final int column) {
        final int pair = unsigned(bytes, at + column % 16);
        return column < 16 ? pair & 0xF : pair >> 4;
    }
}
