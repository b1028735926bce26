package io.spillway.node.kvcache;

import io.spillway.kvstore.service.BlockStore;
import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicBoolean;
import org.agrona.concurrent.ManyToOneConcurrentArrayQueue;

/**
 * Hands newly published blocks to the block store, behind the step loop's back and never in its way.
 *
 * <p>A block waits here under a lease. When the store refuses, the block is tried again a little later, until it is too
 * old. When the device runs out of blocks, those that wait are let go first. All of that is counted.
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
    private final ManyToOneConcurrentArrayQueue<Released> released;
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

    /** @param waker makes the engine thread look soon; called on the store's threads */
    public WriteBehind(final BlockStore store, final KvCache cache, final Limits limits, final Runnable waker) {
        this.store = store;
        this.cache = cache;
        this.limits = limits;
        this.waker = waker;
        released = new ManyToOneConcurrentArrayQueue<>(Math.max(2, limits.inFlightMax()));
    }

    /** Takes a published block for offloading, if there is room. */
    public void offer(final int block, final long nowNanos) {
        if (waiting.size() >= limits.waitingMax()) {
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
    }

    /** Lets all waiting blocks go. */
    public void dropWaiting() {
        while (!waiting.isEmpty()) {
            drop(waiting.removeLast());
        }
    }

    /** @return blocks that wait to be handed over */
    public int waiting() {
        return waiting.size();
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
            inFlightCount--;
            count++;
        }
        return count;
    }

    private int dropOld(final long nowNanos) {
        int count = 0;
        while (!waiting.isEmpty() && nowNanos - waiting.peekFirst().sinceNanos() > limits.waitNanosMax()) {
            drop(waiting.removeFirst());
            count++;
        }
        return count;
    }

    private int hand(final long nowNanos) {
        if (refusedLast && nowNanos - retryAtNanos < 0) {
            return 0;
        }
        refusedLast = false;
        int count = 0;
        while (!waiting.isEmpty() && inFlightCount < limits.inFlightMax()) {
            final int block = waiting.peekFirst().block();
            final DeviceBlocks blocks = cache.blocks();
            final Released done = new Released(block);
            inFlightCount++;
            if (!store.offload(blocks.hash(block), blocks.parentHash(block), cache.segment(block), done)) {
                inFlightCount--;
                refusedCount++;
                refusedLast = true;
                retryAtNanos = nowNanos + limits.retryNanos();
                break;
            }
            waiting.removeFirst();
            acceptedCount++;
            count++;
        }
        return count;
    }

    private void drop(final Waiting dropped) {
        cache.blocks().release(dropped.block());
        droppedCount++;
    }

    /** Run by the store when it has read the block; a second run does nothing. */
    private final class Released implements Runnable {
        private final int block;
        private final AtomicBoolean ran = new AtomicBoolean();

        private Released(final int block) {
            this.block = block;
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
