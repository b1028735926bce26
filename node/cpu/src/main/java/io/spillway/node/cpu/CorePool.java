package io.spillway.node.cpu;

import io.spillway.node.compute.WorkerPool;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * One platform thread per further core; the caller of a section is the first. Workers look for the next section for a few
 * microseconds, then park: an idle process uses no CPU.
 *
 * <p>Sections run one at a time. A caller that finds the pool taken by another engine runs its section by itself, on its own
 * thread, rather than wait.
 */
final class CorePool implements WorkerPool {
    private static final int SPINS_BEFORE_PARK = 4_000;
    private static final int SPINS_BEFORE_YIELD = 4_000;

    private final Thread[] threads;
    private final AtomicBoolean taken = new AtomicBoolean();
    /**
     * Section number in the high half, pieces not yet claimed in the low half. One word, so that a late worker can neither
     * claim a piece of a later section nor one too many.
     */
    private final AtomicLong claim = new AtomicLong();
    private final AtomicInteger unfinished = new AtomicInteger();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    // Written by the caller before it publishes the section in `claim`; read by whoever claimed a piece of it.
    private Task task;
    private volatile int section;
    private volatile boolean closed;

    CorePool(final int workerCount) {
        if (workerCount < 1) {
            throw new IllegalArgumentException("workerCount must be positive: " + workerCount);
        }
        threads = new Thread[workerCount - 1];
        for (int i = 0; i < threads.length; i++) {
            final int worker = i + 1;
            threads[i] = Thread.ofPlatform().daemon().name("spillway-compute-" + worker).unstarted(() -> work(worker));
            threads[i].start();
        }
    }

    @Override
    public int workerCount() {
        return threads.length + 1;
    }

    @Override
    public void run(final int count, final Task pieces) {
        if (count <= 1 || threads.length == 0 || !taken.compareAndSet(false, true)) {
            WorkerPool.INLINE.run(count, pieces);
            return;
        }
        try {
            runShared(count, pieces);
        } finally {
            taken.set(false);
        }
    }

    private void runShared(final int count, final Task pieces) {
        task = pieces;
        unfinished.set(count);
        final int number = section + 1;
        claim.set((long) number << Integer.SIZE | count);
        section = number;
        for (final Thread thread : threads) {
            LockSupport.unpark(thread);
        }
        runPieces(number, 0);
        awaitOthers();
        task = null;
        switch (failure.getAndSet(null)) {
            case null -> { }
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            case Throwable e -> throw new IllegalStateException(e);
        }
    }

    private void awaitOthers() {
        for (int spins = 0; unfinished.get() > 0; spins++) {
            if (spins < SPINS_BEFORE_YIELD) {
                Thread.onSpinWait();
            } else {
                Thread.yield();
            }
        }
    }

    private void runPieces(final int number, final int worker) {
        for (int piece = claimPiece(number); piece >= 0; piece = claimPiece(number)) {
            try {
                task.run(piece, worker);
            } catch (final RuntimeException | Error e) {
                failure.compareAndSet(null, e);
            } finally {
                unfinished.decrementAndGet();
            }
        }
    }

    /** @return the next piece of that section, last first, or −1 when none is left or the section is over */
    private int claimPiece(final int number) {
        for (long word = claim.get(); (int) (word >>> Integer.SIZE) == number && (int) word > 0; word = claim.get()) {
            if (claim.compareAndSet(word, word - 1)) {
                return (int) word - 1;
            }
        }
        return -1;
    }

    private void work(final int worker) {
        int seen = 0;
        while (!closed) {
            final int number = awaitSection(seen);
            if (number != seen) {
                seen = number;
                runPieces(number, worker);
            }
        }
    }

    private int awaitSection(final int seen) {
        for (int spins = 0; spins < SPINS_BEFORE_PARK && section == seen && !closed; spins++) {
            Thread.onSpinWait();
        }
        while (section == seen && !closed) {
            LockSupport.park(this);
        }
        return section;
    }

    @Override
    public void close() {
        closed = true;
        for (final Thread thread : threads) {
            LockSupport.unpark(thread);
        }
        for (final Thread thread : threads) {
            join(thread);
        }
    }

    private static void join(final Thread thread) {
        try {
            thread.join();
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
