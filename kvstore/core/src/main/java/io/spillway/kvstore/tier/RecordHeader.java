package io.spillway.kvstore.tier;

import io.spillway.domain.kv.BlockHash;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * What precedes every block in a segment file, so that a file explains itself. Little-endian, {@link #BYTES} long:
 *
 * <pre>
 *  0 magic u32 | 4 version u16 | 6 zero u16 | 8 hash 16 (two i64) | 24 parent 16
 * 40 payload bytes u32 | 44 payload CRC32C
 * 48 segment number u32 | 52 offset of this header in the segment u32 | 56 zero u32 | 60 CRC32C of bytes 0 to 59
 * </pre>
 * The payload follows; the next header starts at the next multiple of {@link #BYTES}. Segment and offset betray a
 * record that was written, or is read, in the wrong place.
 */
record RecordHeader(BlockKey key, int lengthBytes, int crc32c, int segment, int offset) {
    static final int BYTES = 64;
    private static final int MAGIC = 0x564B5753;
    private static final int VERSION = 1;
    private static final int CHECKED_BYTES = 60;

    /** @return bytes of a record with its header and padding */
    static long recordBytes(final long lengthBytes) {
        return BYTES + Math.ceilDiv(lengthBytes, (long) BYTES) * BYTES;
    }

    /** @return a new buffer of {@link #BYTES}, ready to be read */
    ByteBuffer encode() {
        final ByteBuffer buffer = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
        buffer.putInt(MAGIC).putShort((short) VERSION).putShort((short) 0);
        buffer.putLong(key.hash().high()).putLong(key.hash().low());
        buffer.putLong(key.parent().high()).putLong(key.parent().low());
        buffer.putInt(lengthBytes).putInt(crc32c).putInt(segment).putInt(offset).putInt(0);
        buffer.putInt(crc(buffer.array()));
        return buffer.flip();
    }

    /**
     * @param bytes exactly {@link #BYTES}
     * @return empty when this is no valid header of that place
     */
    static Optional<RecordHeader> decode(final byte[] bytes, final int segment, final long offset) {
        final ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (buffer.getInt(0) != MAGIC || buffer.getShort(4) != VERSION || buffer.getInt(CHECKED_BYTES) != crc(bytes)
            || buffer.getInt(48) != segment || buffer.getInt(52) != offset || buffer.getInt(40) <= 0) {
            return Optional.empty();
        }
        final BlockKey key = new BlockKey(
            new BlockHash(buffer.getLong(8), buffer.getLong(16)),
            new BlockHash(buffer.getLong(24), buffer.getLong(32)));
        return Optional.of(new RecordHeader(key, buffer.getInt(40), buffer.getInt(44), segment, (int) offset));
    }

    private static int crc(final byte[] bytes) {
        final CRC32C crc = new CRC32C();
        crc.update(bytes, 0, CHECKED_BYTES);
        return (int) crc.getValue();
    }
}
