package io.spillway.kvstore.pool;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.zip.CRC32C;

/** CRC32C of block payloads. Pure; any thread. */
public final class Checksums {
    private Checksums() {
    }

    /** @param bytes at most 2 GiB */
    public static int crc32c(final MemorySegment bytes) {
        return crc32c(List.of(bytes));
    }

    /** @param parts payload in order, each at most 2 GiB */
    public static int crc32c(final List<MemorySegment> parts) {
        final CRC32C crc = new CRC32C();
        for (final MemorySegment part : parts) {
            crc.update(part.asByteBuffer());
        }
        return (int) crc.getValue();
    }
}
