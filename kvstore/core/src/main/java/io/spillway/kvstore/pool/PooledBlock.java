package io.spillway.kvstore.pool;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Memory of one block: a few runs of pages of the slab. Its bytes may be read by any lease holder on any thread, and
 * written only between allocation and {@link BlockPool#keep}. Lease counts belong to the pool's thread.
 */
public final class PooledBlock {
    private final List<MemorySegment> parts;
    private final int[] runs;
    private final long bytes;
    private final int pages;
    private int leases = 1;
    private boolean kept;

    PooledBlock(final List<MemorySegment> parts, final int[] runs, final long bytes, final int pages) {
        this.parts = parts;
        this.runs = runs;
        this.bytes = bytes;
        this.pages = pages;
    }

    /** @return payload bytes */
    public long bytes() {
        return bytes;
    }

    /**
     * @return the payload in order: usually one part, more when the slab is fragmented; sizes sum to {@link #bytes()}
     */
    public List<MemorySegment> parts() {
        return parts;
    }

    /** Fills the whole block from {@code source}, which is exactly {@link #bytes()} long. */
    public void copyFrom(final MemorySegment source) {
        requireLength(source);
        long position = 0;
        for (final MemorySegment part : parts) {
            MemorySegment.copy(source, position, part, 0, part.byteSize());
            position += part.byteSize();
        }
    }

    /** Copies the whole block to {@code target}, which is exactly {@link #bytes()} long. */
    public void copyTo(final MemorySegment target) {
        requireLength(target);
        long position = 0;
        for (final MemorySegment part : parts) {
            MemorySegment.copy(part, 0, target, position, part.byteSize());
            position += part.byteSize();
        }
    }

    /** Writes {@code source} at {@code offset} of the payload. */
    public void write(final long offset, final MemorySegment source) {
        long from = 0;
        long start = 0;
        for (final MemorySegment part : parts) {
            final long at = offset + from - start;
            if (from < source.byteSize() && at < part.byteSize()) {
                final long count = Math.min(part.byteSize() - at, source.byteSize() - from);
                MemorySegment.copy(source, from, part, at, count);
                from += count;
            }
            start += part.byteSize();
        }
        if (from != source.byteSize()) {
            throw new IndexOutOfBoundsException("write of " + source.byteSize() + " at " + offset + " of " + bytes);
        }
    }

    /** Reads {@code target.byteSize()} bytes from {@code offset} of the payload. */
    public void read(final long offset, final MemorySegment target) {
        long into = 0;
        long start = 0;
        for (final MemorySegment part : parts) {
            final long at = offset + into - start;
            if (into < target.byteSize() && at < part.byteSize()) {
                final long count = Math.min(part.byteSize() - at, target.byteSize() - into);
                MemorySegment.copy(part, at, target, into, count);
                into += count;
            }
            start += part.byteSize();
        }
        if (into != target.byteSize()) {
            throw new IndexOutOfBoundsException("read of " + target.byteSize() + " at " + offset + " of " + bytes);
        }
    }

    /** @return CRC32C of the payload as it is in memory now */
    public int crc32c() {
        return Checksums.crc32c(parts);
    }

    private void requireLength(final MemorySegment other) {
        if (other.byteSize() != bytes) {
            throw new IllegalArgumentException("block has " + bytes + " bytes, the other side " + other.byteSize());
        }
    }

    int[] runs() {
        return runs;
    }

    int pages() {
        return pages;
    }

    int leases() {
        return leases;
    }

    void leases(final int count) {
        leases = count;
    }

    boolean kept() {
        return kept;
    }

    void kept(final boolean value) {
        kept = value;
    }
}
