package io.spillway.node.nativekernels;

import io.spillway.node.compute.Slab;
import java.lang.foreign.MemorySegment;

/** Off-heap memory that grows to what is asked for and keeps nothing when it does. Single owner. */
final class Scratch implements AutoCloseable {
    private static final long STEP_BYTES = 1 << 16;

    private Slab slab = Slab.allocate(STEP_BYTES);

    /** Makes room: earlier addresses and contents are void when it was too small. */
    void reserve(final long bytes) {
        if (slab.segment().byteSize() < bytes) {
            slab.close();
            slab = Slab.allocate(Math.ceilDiv(bytes + bytes / 4, STEP_BYTES) * STEP_BYTES);
        }
    }

    /** Makes room and keeps the first {@code kept} bytes; earlier addresses are void when it was too small. */
    void grow(final long bytes, final long kept) {
        if (slab.segment().byteSize() < bytes) {
            final Slab larger = Slab.allocate(Math.ceilDiv(2 * bytes, STEP_BYTES) * STEP_BYTES);
            MemorySegment.copy(slab.segment(), 0, larger.segment(), 0, kept);
            slab.close();
            slab = larger;
        }
    }

    /** @return all of it, off-heap */
    MemorySegment segment() {
        return slab.segment();
    }

    /** @return where it begins, on a cache line */
    long address() {
        return slab.segment().address();
    }

    @Override
    public void close() {
        slab.close();
    }
}
