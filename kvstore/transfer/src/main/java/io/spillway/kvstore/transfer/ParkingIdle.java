package io.spillway.kvstore.transfer;

import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;
import org.agrona.concurrent.IdleStrategy;

/**
 * Sleeps longer the longer there is nothing to do, so that an idle process costs next to nothing, and can be woken: the
 * driver wakes the agent when packets came, the agent wakes the driver when there is something to send.
 *
 * <p>Used by one thread; {@link #wake()} by any.
 */
final class ParkingIdle implements IdleStrategy {
    private static final int YIELDS = 2;
    private static final long FIRST_NANOS = 32_000;
    /** Naps double up to about a millisecond, then quadruple: heartbeats alone must not keep a thread busy. */
    private static final int DOUBLINGS = 5;
    private static final int QUADRUPLINGS_MAX = 8;

    private final long longNanos;
    private Runnable onWork = () -> { };
    private volatile long capNanos = Long.MAX_VALUE;
    private volatile Thread parked;
    private int naps;

    /** @param longNanos the longest nap */
    ParkingIdle(final long longNanos) {
        this.longNanos = longNanos;
    }

    /** @param task runs on the idling thread after every cycle that had work. Set before the thread starts. */
    void onWork(final Runnable task) {
        onWork = task;
    }

    /** Limits naps, while something is waited for. Any thread. */
    void capNanos(final long nanos) {
        if (capNanos != nanos) {
            capNanos = nanos;
        }
    }

    @Override
    public void idle(final int workCount) {
        if (workCount > 0) {
            reset();
            onWork.run();
        } else {
            idle();
        }
    }

    @Override
    public void idle() {
        naps++;
        if (naps <= YIELDS) {
            Thread.yield();
            return;
        }
        parked = Thread.currentThread();
        VarHandle.fullFence();
        LockSupport.parkNanos(this, Math.min(capNanos, nap()));
        parked = null;
    }

    @Override
    public void reset() {
        naps = 0;
    }

    /** Ends a nap early. A wake just before a nap shortens it too: unpark leaves a permit. */
    void wake() {
        VarHandle.fullFence();
        final Thread thread = parked;
        if (thread != null) {
            LockSupport.unpark(thread);
        }
    }

    private long nap() {
        final int nap = naps - YIELDS - 1;
        final int quadruplings = Math.clamp(nap - DOUBLINGS, 0, QUADRUPLINGS_MAX);
        return Math.min(longNanos, FIRST_NANOS << (Math.min(nap, DOUBLINGS) + 2 * quadruplings));
    }
}
