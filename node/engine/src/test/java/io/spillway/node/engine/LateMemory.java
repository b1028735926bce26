package io.spillway.node.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.node.kvcache.BlockMemory;
import io.spillway.node.kvcache.BlockReading;
import io.spillway.node.kvcache.BlockWriting;
import io.spillway.node.kvcache.TransferState;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Random;

/**
 * Blocks of a device that does everything later than asked, in the order that the port promises and no sooner: copies in the stream of its steps,
 * transfers when they like. Host memory is rubbish before it is filled and after it is given back. With faults on there is now and then no room, or
 * little, and transfers fail half way.
 */
final class LateMemory implements BlockMemory {
    private static final byte RUBBISH = 0x5A;

    private final MemorySegment slab;
    private final long blockBytes;
    private final Random random; // null: no faults, and everything at the first opportunity
    private final ArrayDeque<Operation> stream = new ArrayDeque<>();
    private long asked;    // operations of the stream
    private long done;     // of them
    private long lastCopy; // the number of the last copy asked for
    int readings;
    int writings;
    int open;
    int failures;
    int cuts;
    int early;

    /** @param run null: a step, which somebody else runs */
    private record Operation(Runnable run) {
    }

    LateMemory(final MemorySegment slab, final long blockBytes, final Random random) {
        this.slab = slab;
        this.blockBytes = blockBytes;
        this.random = random;
    }

    void stepSubmitted() {
        asked++;
        stream.addLast(new Operation(null));
    }

    /** Does what was asked for before the step that is about to run. */
    void runUpToStep() {
        while (stream.peekFirst().run() != null) {
            runFirst();
        }
        stream.removeFirst();
        done++;
    }

    private void runFirst() {
        stream.removeFirst().run().run();
        done++;
    }

    private void progress() {
        while (!stream.isEmpty() && stream.peekFirst().run() != null && (random == null || random.nextInt(3) == 0)) {
            runFirst();
        }
    }

    private boolean fault(final int oneIn) {
        return random != null && random.nextInt(oneIn) == 0;
    }

    private MemorySegment block(final int block) {
        return slab.asSlice(block * blockBytes, blockBytes);
    }

    private MemorySegment[] room(final int count) {
        final MemorySegment[] room = new MemorySegment[count];
        for (int i = 0; i < count; i++) {
            room[i] = Arena.ofAuto().allocate(blockBytes, 8).fill(RUBBISH);
        }
        return room;
    }

    @Override
    public int blocks() {
        return (int) (slab.byteSize() / blockBytes);
    }

    @Override
    public long blockBytes() {
        return blockBytes;
    }

    @Override
    public void copy(final int source, final int target) {
        lastCopy = ++asked;
        stream.addLast(new Operation(() -> block(target).copyFrom(block(source))));
    }

    @Override
    public int readingBlocksMax() {
        return 3;
    }

    @Override
    public BlockReading read(final int[] blocks, final int count) {
        return fault(4) ? null : new Reading(java.util.Arrays.copyOf(blocks, count));
    }

    @Override
    public BlockWriting write(final int[] blocks, final int count) {
        if (fault(8)) {
            return null;
        }
        final int cut = fault(3) ? 1 + random.nextInt(count) : count;
        cuts += cut < count ? 1 : 0;
        return new Writing(java.util.Arrays.copyOf(blocks, cut));
    }

    private final class Reading implements BlockReading {
        private final int[] blocks;
        private final MemorySegment[] room;
        private final boolean[] released;
        private final long behind = lastCopy;
        private TransferState state = TransferState.UNDER_WAY;

        private Reading(final int[] blocks) {
            this.blocks = blocks;
            room = room(blocks.length);
            released = new boolean[blocks.length];
            readings++;
            open += blocks.length;
        }

        @Override
        public TransferState state() {
            progress();
            if (state == TransferState.UNDER_WAY && done >= behind && (random == null || random.nextInt(3) == 0)) {
                state = fault(10) ? TransferState.FAILED : TransferState.DONE;
                failures += state == TransferState.FAILED ? 1 : 0;
                for (int i = 0; state == TransferState.DONE && i < blocks.length; i++) {
                    room[i].copyFrom(block(blocks[i]));
                }
            }
            return state;
        }

        @Override
        public MemorySegment segment(final int index) {
            assertThat(state).isEqualTo(TransferState.DONE);
            assertThat(released[index]).isFalse();
            return room[index];
        }

        @Override
        public void release(final int index) {
            assertThat(state).isNotEqualTo(TransferState.UNDER_WAY);
            assertThat(released[index]).as("released twice").isFalse();
            released[index] = true;
            room[index].fill(RUBBISH);
            open--;
        }
    }

    private final class Writing implements BlockWriting {
        private final int[] blocks;
        private final MemorySegment[] room;
        private final boolean isInStream = random != null && random.nextBoolean();
        private long behind = -1; // not begun
        private int count;
        private boolean closed;
        private TransferState state = TransferState.UNDER_WAY;

        private Writing(final int[] blocks) {
            this.blocks = blocks;
            room = room(blocks.length);
            writings++;
            open++;
        }

        @Override
        public int count() {
            return blocks.length;
        }

        @Override
        public MemorySegment segment(final int index) {
            return room[index];
        }

        @Override
        public void begin(final int newCount) {
            assertThat(behind).as("begun twice").isNegative();
            assertThat(newCount).isBetween(1, blocks.length);
            count = newCount;
            behind = lastCopy;
            if (isInStream) {
                early++;
                asked++;
                stream.addLast(new Operation(() -> transfer(TransferState.DONE)));
            }
        }

        private void transfer(final TransferState end) {
            state = end;
            for (int i = 0; i < count; i++) {
                if (end == TransferState.DONE) {
                    block(blocks[i]).copyFrom(room[i]);
                } else {
                    block(blocks[i]).fill(RUBBISH);
                }
            }
        }

        @Override
        public boolean usable() {
            return behind >= 0 && isInStream || state == TransferState.DONE;
        }

        @Override
        public TransferState state() {
            assertThat(behind).as("not begun").isNotNegative();
            progress();
            if (!isInStream && state == TransferState.UNDER_WAY && done >= behind && (random == null || random.nextInt(3) == 0)) {
                final boolean fails = fault(5);
                failures += fails ? 1 : 0;
                transfer(fails ? TransferState.FAILED : TransferState.DONE);
            }
            return state;
        }

        @Override
        public void close() {
            assertThat(closed).as("closed twice").isFalse();
            assertThat(behind < 0 || state != TransferState.UNDER_WAY).as("under way").isTrue();
            closed = true;
            for (final MemorySegment segment : room) {
                segment.fill(RUBBISH);
            }
            open--;
        }
    }
}
