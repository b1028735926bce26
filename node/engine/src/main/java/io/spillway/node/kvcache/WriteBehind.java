package io.spillway.node.kvcache;

import io.spillway.kvstore.service.BlockStore;
import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicBoolean;
import org.agrona.concurrent.ManyToOneConcurrentArrayQueue;

/**
 * Hands newly published blocks to the block store, behind the step loop's back and never in its way.
 *
 * <p>A block waits here under a lease, is brought to host memory, several at a time where the device is elsewhere, and then handed over. When the
 * store refuses, the block is tried again a little later, until it is too old. When the device runs out of blocks, those that are not handed over
 * are let go first. All of that is counted.
 *
 * <p>Single writer: the engine thread. The store's threads only report blocks they no longer need, through a bounded
 * queue that has room for every block on its way.
 */
public final class WriteBehind {
    private final BlockStore store;
    private final KvCache cache;
    private final Limits limits;
    private final Runnable waker;
    private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
    private final ArrayDeque<Reading> readings = new ArrayDeque<>(); // begun or done, and not all handed over; the oldest first
    private final int[] batch;                                       // [readingBlocksMax], scratch
    private final ManyToOneConcurrentArrayQueue<Released> released;
    private int readingCount; // blocks of readings that are not handed over
    private int inFlightCount;
    private long retryAtNanos;
    private boolean refusedLast;
    private long acceptedCount;
    private long refusedCount;
    private long droppedCount;

    /**
     * @param waitingMax     blocks that may wait
     * @param inFlightMax    blocks that the store may read at one time
     * @param waitNanosMax   how long a block waits before it is dropped
     * @param retryNanos     pause after a refusal
     */
    public record Limits(int waitingMax, int inFlightMax, long waitNanosMax, long retryNanos) {
    }

    /**
     * Totals since the start, in blocks.
     *
     * @param accepted taken by the store
     * @param refused  refusals by the store; a block can be refused more than once
     * @param dropped  never offloaded: no room to wait, too old, or let go for a sequence
     */
    public record Counts(long accepted, long refused, long dropped) {
    }

    private record Waiting(int block, long sinceNanos) {
    }

    /** Blocks that are brought to host memory together; the first {@code handed} have left it. */
    private static final class Reading {
        private final BlockReading reading;
        private final Waiting[] blocks;
        private int handed;

        private Reading(final BlockReading reading, final Waiting[] blocks) {
            this.reading = reading;
            this.blocks = blocks;
        }

        private Waiting next() {
            return blocks[handed];
        }

        private boolean isEmpty() {
            return handed == blocks.length;
        }

        private boolean isUnderWay() {
            return reading.state() == TransferState.UNDER_WAY;
        }
    }

    /** @param waker makes the engine thread look soon; called on the store's threads */
    public WriteBehind(final BlockStore store, final KvCache cache, final Limits limits, final Runnable waker) {
        this.store = store;
        this.cache = cache;
        this.limits = limits;
        this.waker = waker;
        batch = new int[cache.memory().readingBlocksMax()];
        released = new ManyToOneConcurrentArrayQueue<>(Math.max(2, limits.inFlightMax()));
    }

    /** Takes a published block for offloading, if there is room. */
    public void offer(final int block, final long nowNanos) {
        if (waiting() >= limits.waitingMax()) {
            // The newest goes, not the oldest: a chain is found from its beginning.
            droppedCount++;
            return;
        }
        cache.blocks().lease(block);
        waiting.addLast(new Waiting(block, nowNanos));
    }

    /** @return how many blocks moved on: taken by the store, given back by it, or dropped */
    public int poll(final long nowNanos) {
        return takeReleased() + dropOld(nowNanos) + hand(nowNanos);
    }

    /** Lets waiting blocks go, newest first, until {@code allocatableMin} blocks can be had or none waits any more. */
    public void yieldFor(final int allocatableMin) {
        while (cache.blocks().allocatable() < allocatableMin && !waiting.isEmpty()) {
            drop(waiting.removeLast());
        }
        while (cache.blocks().allocatable() < allocatableMin && !readings.isEmpty() && !readings.peekLast().isUnderWay()) {
            dropRest(readings.removeLast());
        }
    }

    /** Lets all waiting blocks go, but those that are being read: of those as many as possible. */
    public void dropWaiting() {
        while (!waiting.isEmpty()) {
            drop(waiting.removeLast());
        }
        while (!readings.isEmpty() && !readings.peekFirst().isUnderWay()) {
            dropRest(readings.removeFirst());
        }
    }

    /** @return blocks that wait to be handed over, those that are being read included */
    public int waiting() {
        return waiting.size() + readingCount;
    }

    /** @return blocks that the store may be reading */
    public int inFlight() {
        return inFlightCount;
    }

    /** @return totals since the start */
    public Counts counts() {
        return new Counts(acceptedCount, refusedCount, droppedCount);
    }

    private int takeReleased() {
        int count = 0;
        for (Released done = released.poll(); done != null; done = released.poll()) {
            cache.blocks().markSaved(done.block);
            cache.blocks().release(done.block);
            done.reading.release(done.index);
            inFlightCount--;
            count++;
        }
        return count;
    }

    private int dropOld(final long nowNanos) {
        int count = 0;
        while (!waiting.isEmpty() && isOld(waiting.peekFirst(), nowNanos)) {
            drop(waiting.removeFirst());
            count++;
        }
        while (!readings.isEmpty() && isOld(readings.peekFirst().next(), nowNanos) && !readings.peekFirst().isUnderWay()) {
            count += dropRest(readings.removeFirst());
        }
        return count;
    }

    private boolean isOld(final Waiting block, final long nowNanos) {
        return nowNanos - block.sinceNanos() > limits.waitNanosMax();
    }

    private int hand(final long nowNanos) {
        if (refusedLast && nowNanos - retryAtNanos < 0) {
            return 0;
        }
        refusedLast = false;
        int count = 0;
        while (beginReading() || !readings.isEmpty()) {
            final Reading first = readings.peekFirst();
            switch (first.reading.state()) {
                case UNDER_WAY -> {
                    return count;
                }
                case FAILED -> count += dropRest(readings.removeFirst());
                case DONE -> {
                    if (!handNext(first)) {
                        refusedCount++;
                        refusedLast = true;
                        retryAtNanos = nowNanos + limits.retryNanos();
                        return count;
                    }
                    count++;
                }
            }
        }
        return count;
    }

    /** Readings are begun as long as there is room for their blocks at the store: what waits longer had better wait on the device. */
    private boolean beginReading() {
        final int room = Math.min(batch.length, limits.inFlightMax() - inFlightCount - readingCount);
        final int count = Math.min(room, waiting.size());
        if (count <= 0) {
            return false;
        }
        final Waiting[] blocks = new Waiting[count];
        for (int i = 0; i < count; i++) {
            blocks[i] = waiting.removeFirst();
            batch[i] = blocks[i].block();
        }
        final BlockReading reading = cache.memory().read(batch, count);
        if (reading == null) {
            for (int i = count - 1; i >= 0; i--) {
                waiting.addFirst(blocks[i]);
            }
            return false;
        }
        readings.addLast(new Reading(reading, blocks));
        readingCount += count;
        return true;
    }

    /** @return false: the store has refused */
    private boolean handNext(final Reading from) {
        final int block = from.next().block();
        final Released done = new Released(block, from.reading, from.handed);
        inFlightCount++;
        if (!store.offload(cache.blocks().hash(block), cache.blocks().parentHash(block), from.reading.segment(from.handed), done)) {
            inFlightCount--;
            return false;
        }
        acceptedCount++;
        readingCount--;
        from.handed++;
        if (from.isEmpty()) {
            readings.removeFirst();
        }
        return true;
    }

    private void drop(final Waiting dropped) {
        cache.blocks().release(dropped.block());
        droppedCount++;
    }

    /** @return how many */
    private int dropRest(final Reading reading) {
        final int count = reading.blocks.length - reading.handed;
        for (; !reading.isEmpty(); reading.handed++) {
            reading.reading.release(reading.handed);
            drop(reading.next());
        }
        readingCount -= count;
        return count;
    }

    /** Run by the store when it has read the block; a second run does nothing. */
    private final class Released implements Runnable {
        private final int block;
        private final BlockReading reading;
        private final int index; // in reading
        private final AtomicBoolean ran = new AtomicBoolean();

        private Released(final int block, final BlockReading reading, final int index) {
            this.block = block;
            this.reading = reading;
            this.index = index;
        }

        @Override
        public void run() {
            if (ran.compareAndSet(false, true)) {
                if (!released.offer(this)) {
                    throw new IllegalStateException("more blocks came back than were handed over");
                }
                waker.run();
            }
        }
    }
}
