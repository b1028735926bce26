package io.spillway.domain.kv;

import java.nio.ByteBuffer;
import java.util.HexFormat;

/**
 * Identity of one KV block: what it holds and all that precedes it. 128 bits of a SHA-256, big-endian.
 *
 * @param high bytes 0 to 7
 * @param low  bytes 8 to 15
 */
public record BlockHash(long high, long low) implements Comparable<BlockHash> {
    /** Bytes of one hash on the wire and on disk. */
    public static final int BYTES = 16;

    /** @param bytes at least {@link #BYTES} bytes from {@code offset} */
    public static BlockHash ofBytes(final byte[] bytes, final int offset) {
        final ByteBuffer buffer = ByteBuffer.wrap(bytes, offset, BYTES);
        return new BlockHash(buffer.getLong(), buffer.getLong());
    }

    /** @param hex 32 hexadecimal digits, as {@link #toString()} writes them */
    public static BlockHash ofHex(final String hex) {
        return ofBytes(HexFormat.of().parseHex(hex), 0);
    }

    /** @return a new array of {@link #BYTES} bytes */
    public byte[] toBytes() {
        return ByteBuffer.allocate(BYTES).putLong(high).putLong(low).array();
    }

    @Override
    public int compareTo(final BlockHash other) {
        final int order = Long.compareUnsigned(high, other.high);
        return order != 0 ? order : Long.compareUnsigned(low, other.low);
    }

    /** The hash is uniform already, so its low bits serve as they are. */
    @Override
    public int hashCode() {
        return (int) low;
    }

    @Override
    public String toString() {
        return HexFormat.of().formatHex(toBytes());
    }
}
