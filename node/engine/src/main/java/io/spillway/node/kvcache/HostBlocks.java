package io.spillway.node.kvcache;

import java.lang.foreign.MemorySegment;

/** Blocks in host memory: nothing is copied on the way out or in. */
public final class HostBlocks implements BlockMemory {
    private final MemorySegment slab;
    private final long blockBytes;

    /** @param slab borrowed; block {@code b} starts at {@code b * blockBytes}; for any thread, as transfers are done by others */
    public HostBlocks(final MemorySegment slab, final long blockBytes) {
        this.slab = slab;
        this.blockBytes = blockBytes;
    }

    @Override
    public int blocks() {
        return (int) Math.min(Integer.MAX_VALUE, slab.byteSize() / blockBytes);
    }

    @Override
    public long blockBytes() {
        return blockBytes;
    }

    @Override
    public void copy(final int source, final int target) {
        MemorySegment.copy(slab, source * blockBytes, slab, target * blockBytes, blockBytes);
    }

    @Override
    public int readingBlocksMax() {
        return 1; // nothing is gained by more, and a block that waits can still be let go
    }

    @Override
    public BlockReading read(final int[] blocks, final int count) {
        return new Here(segments(blocks, count));
    }

    @Override
    public BlockWriting write(final int[] blocks, final int count) {
        return new Here(segments(blocks, count));
    }

    private MemorySegment[] segments(final int[] blocks, final int count) {
        final MemorySegment[] segments = new MemorySegment[count];
        for (int i = 0; i < count; i++) {
            segments[i] = slab.asSlice(blocks[i] * blockBytes, blockBytes);
        }
        return segments;
    }

    /** A transfer that has nowhere to go. */
    private record Here(MemorySegment[] segments) implements BlockReading, BlockWriting {
        @Override
        public int count() {
            return segments.length;
        }

        @Override
        public MemorySegment segment(final int index) {
            return segments[index];
        }

        @Override
        public void begin(final int count) {
            // the blocks are where they belong
        }

        @Override
        public boolean usable() {
            return true;
        }

        @Override
        public TransferState state() {
            return TransferState.DONE;
        }

        @Override
        public void release(final int index) {
            // the block's lease is all there is
        }

        @Override
        public void close() {
            // likewise
        }
    }
}
