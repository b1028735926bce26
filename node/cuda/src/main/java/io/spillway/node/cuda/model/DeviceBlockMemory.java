package io.spillway.node.cuda.model;

import io.spillway.node.cuda.Device;
import io.spillway.node.kvcache.BlockMemory;
import io.spillway.node.kvcache.BlockReading;
import io.spillway.node.kvcache.BlockWriting;
import io.spillway.node.kvcache.TransferState;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;

/**
 * The cache's blocks in device memory. Copies between them run in the order of the steps; blocks come and go through pinned memory on a stream of
 * their own, beside the steps. Single writer: the engine thread.
 */
final class DeviceBlockMemory implements BlockMemory, AutoCloseable {
    private static final int READING_BLOCKS_MAX = 16;
    private static final long STAGING_BYTES_MAX = 256L << 20;
    private static final int STAGING_BLOCKS_MIN = 2;

    private final Device device;
    private final Device transfers; // the same memory, another stream
    private final long slab;
    private final int blocks;
    private final long blockBytes;
    private final MemorySegment staging;
    private final ArrayDeque<Integer> freePlaces = new ArrayDeque<>(); // of staging

    /** @param device borrowed */
    DeviceBlockMemory(final Device device, final int blocks, final long blockBytes) {
        this.device = device;
        this.blocks = blocks;
        this.blockBytes = blockBytes;
        slab = device.allocate(blocks * blockBytes);
        transfers = device.sibling();
        final int places = (int) Math.max(STAGING_BLOCKS_MIN, Math.min(blocks, STAGING_BYTES_MAX / blockBytes));
        staging = transfers.pinned(places * blockBytes);
        for (int place = 0; place < places; place++) {
            freePlaces.add(place);
        }
    }

    /** @return address of block 0 */
    long slab() {
        return slab;
    }

    @Override
    public int blocks() {
        return blocks;
    }

    @Override
    public long blockBytes() {
        return blockBytes;
    }

    @Override
    public void copy(final int source, final int target) {
        device.bind();
        device.copy(slab + source * blockBytes, slab + target * blockBytes, blockBytes);
    }

    @Override
    public int readingBlocksMax() {
        return READING_BLOCKS_MAX;
    }

    @Override
    public BlockReading read(final int[] wanted, final int count) {
        if (freePlaces.size() < count) {
            return null;
        }
        device.bind();
        transfers.follow(device); // behind copies that were asked for before
        final int[] places = take(count);
        for (int i = 0; i < count; i++) {
            transfers.toHost(slab + wanted[i] * blockBytes, place(places[i]));
        }
        return new Transfer(wanted.clone(), places, transfers.mark());
    }

    @Override
    public BlockWriting write(final int[] wanted, final int count) {
        final int fitting = Math.min(count, freePlaces.size());
        return fitting == 0 ? null : new Transfer(wanted.clone(), take(fitting), null);
    }

    private int[] take(final int count) {
        final int[] places = new int[count];
        for (int i = 0; i < count; i++) {
            places[i] = freePlaces.remove();
        }
        return places;
    }

    private MemorySegment place(final int index) {
        return staging.asSlice(index * blockBytes, blockBytes);
    }

    /** The device keeps its memory until this is closed, after the last step. */
    @Override
    public void close() {
        transfers.close();
        device.free(slab);
    }

    /** Blocks under way. */
    private final class Transfer implements BlockReading, BlockWriting {
        private final int[] wanted;
        private final int[] places;
        private Device.Mark mark; // null: has not begun
        private boolean failed;

        private Transfer(final int[] wanted, final int[] places, final Device.Mark mark) {
            this.wanted = wanted;
            this.places = places;
            this.mark = mark;
        }

        @Override
        public int count() {
            return places.length;
        }

        @Override
        public MemorySegment segment(final int index) {
            return place(places[index]);
        }

        @Override
        public void begin(final int count) {
            device.bind();
            transfers.follow(device); // steps before may still write to what these blocks were
            for (int i = 0; i < count; i++) {
                transfers.toDevice(place(places[i]), slab + wanted[i] * blockBytes);
            }
            mark = transfers.mark();
        }

        @Override
        public boolean usable() {
            return state() == TransferState.DONE;
        }

        @Override
        public TransferState state() {
            try {
                return failed ? TransferState.FAILED : mark != null && mark.isPassed() ? TransferState.DONE : TransferState.UNDER_WAY;
            } catch (final RuntimeException e) {
                failed = true; // the device says so again to whoever computes
                return TransferState.FAILED;
            }
        }

        @Override
        public void release(final int index) {
            freePlaces.add(places[index]);
        }

        @Override
        public void close() {
            for (final int place : places) {
                freePlaces.add(place);
            }
        }
    }
}
