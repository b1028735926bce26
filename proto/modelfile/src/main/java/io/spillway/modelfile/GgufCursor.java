package io.spillway.modelfile;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Reads the little-endian header of a GGUF file front to back; every read is checked against the end of the file. */
final class GgufCursor {
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int STRING_BYTES_MAX = 1 << 24;

    private final MappedFile file;
    private final MemorySegment bytes;
    private long positionBytes;

    GgufCursor(final MappedFile file) {
        this.file = file;
        this.bytes = file.bytes();
    }

    long positionBytes() {
        return positionBytes;
    }

    byte nextByte() {
        return bytes.get(JAVA_BYTE, take(1));
    }

    short nextShort() {
        return bytes.get(SHORT, take(Short.BYTES));
    }

    int nextInt() {
        return bytes.get(INT, take(Integer.BYTES));
    }

    long nextLong() {
        return bytes.get(LONG, take(Long.BYTES));
    }

    float nextFloat() {
        return Float.intBitsToFloat(nextInt());
    }

    double nextDouble() {
        return Double.longBitsToDouble(nextLong());
    }

    boolean nextBoolean() {
        return nextByte() != 0;
    }

    String nextString(final String what) {
        final int length = nextCount(what + " length", 1, STRING_BYTES_MAX);
        final byte[] text = new byte[length];
        MemorySegment.copy(bytes, JAVA_BYTE, take(length), text, 0, length);
        return new String(text, StandardCharsets.UTF_8);
    }

    /**
     * Reads a 64-bit count of things that take at least {@code bytesEach} each, so that a count is never believed further
     * than the file is long.
     */
    int nextCount(final String what, final int bytesEach, final int max) {
        final long count = nextLong();
        final long fits = (bytes.byteSize() - positionBytes) / bytesEach;
        if (count < 0 || count > fits) {
            throw Refusal.damaged(file.path(), what + " " + Long.toUnsignedString(count) + " at byte " + (positionBytes - Long.BYTES)
                    + " reaches past the end of the file (" + bytes.byteSize() + " bytes)");
        }
        if (count > max) {
            throw Refusal.of(file.path(), what + " " + count + " is over the limit of " + max);
        }
        return (int) count;
    }

    private long take(final long length) {
        if (length > bytes.byteSize() - positionBytes) {
            throw Refusal.damaged(file.path(), "ends inside its header, at byte " + bytes.byteSize());
        }
        final long at = positionBytes;
        positionBytes += length;
        return at;
    }
}
