package io.spillway.node.parallel;

import io.spillway.node.compute.Collective;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;

/**
 * Ranks that compute one model together, each on a thread of its own: rank 0 on the caller's, the others on threads that sleep between steps.
 *
 * <p>{@link #run} and {@link #close}: one caller at a time. {@link #collective}: the rank's thread, inside a task.
 */
public final class RankGroup implements AutoCloseable {
    private static final int SPINS_BEFORE_SLEEP = 4_000;

    private final MeetingPoint meeting;
    private final LocalCollective[] collectives;
    private final Thread[] threads;              // of ranks 1 and up
    private final AtomicInteger unfinished = new AtomicInteger();
    // Written by the caller before it counts up `step`.
    private IntConsumer task;
    private volatile Thread caller;
    private volatile int step;
    private volatile boolean closed;

    /** Starts the threads. @param ranks at least 1 */
    public RankGroup(final int ranks) {
        if (ranks < 1) {
            throw new IllegalArgumentException("ranks must be positive: " + ranks);
        }
        final int spins = ranks <= Runtime.getRuntime().availableProcessors() ? SPINS_BEFORE_SLEEP : 0;
        meeting = new MeetingPoint(ranks, spins);
        collectives = LocalCollective.of(ranks, meeting);
        threads = new Thread[ranks - 1];
        for (int i = 0; i < threads.length; i++) {
            final int rank = i + 1;
            threads[i] = Thread.ofPlatform().daemon().name("spillway-rank-" + rank).unstarted(() -> work(rank));
            threads[i].start();
        }
    }

    /** @return how many there are */
    public int ranks() {
        return collectives.length;
    }

    /** @return how that rank talks to the others, inside a task */
    public Collective collective(final int rank) {
        return collectives[rank];
    }

    /**
     * Runs a task as every rank, and returns when all have ended; what they wrote is then visible to the caller.
     *
     * @param ranked gets the rank
     * @throws RuntimeException what the first rank that failed threw; the others have ended too, and the next task begins anew
     */
    public void run(final IntConsumer ranked) {
        if (closed) {
            throw new IllegalStateException("the ranks have been closed");
        }
        meeting.reset();
        task = ranked;
        unfinished.set(threads.length);
        caller = Thread.currentThread();
        final int number = step + 1;
        step = number;
        for (final Thread thread : threads) {
            LockSupport.unpark(thread);
        }
        runAs(0);
        awaitOthers();
        task = null;
        caller = null;
        switch (meeting.failure()) {
            case null -> { }
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            case Throwable e -> throw new IllegalStateException(e);
        }
    }

    private void runAs(final int rank) {
        try {
            task.accept(rank);
        } catch (final RuntimeException | Error e) {
            meeting.fail(e); // one that failed because another did comes second, and does not count
        }
    }

    private void awaitOthers() {
        boolean interrupted = false;
        for (int spins = 0; unfinished.get() > 0; spins++) {
            if (spins < SPINS_BEFORE_SLEEP) {
                Thread.onSpinWait();
            } else {
                LockSupport.park(this);
                interrupted |= Thread.interrupted(); // or it would not sleep any more
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void work(final int rank) {
        int seen = 0;
        while (awaitStep(seen)) {
            seen = step;
            runAs(rank);
            final Thread waits = caller;
            if (unfinished.decrementAndGet() == 0) {
                LockSupport.unpark(waits);
            }
        }
    }

    /** @return whether there is another step, rather than an end */
    private boolean awaitStep(final int seen) {
        for (int spins = 0; spins < SPINS_BEFORE_SLEEP && step == seen && !closed; spins++) {
            Thread.onSpinWait();
        }
        while (step == seen && !closed) {
            LockSupport.park(this);
        }
        return step != seen;
    }

    /** Ends the threads. Idempotent. */
    @Override
    public void close() {
        closed = true;
        boolean interrupted = false;
        for (final Thread thread : threads) {
            LockSupport.unpark(thread);
            try {
                thread.join();
            } catch (final InterruptedException _) {
                interrupted = true; // it ends by itself: it is told to, and a daemon
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
