package io.spillway.node.engine;

import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.agrona.concurrent.IdleStrategy;

/**
 * Parks the engine thread when there was nothing to do, until it is woken or a limit is over. An idle engine costs ten
 * wake-ups a second. A wake-up between the last look and the park is not lost: it makes the park return at once.
 */
final class ParkingIdle implements IdleStrategy {
    private final LongSupplier parkNanosMax;
    private volatile Thread thread;

    /** @param parkNanosMax asked on the engine thread before each park */
    ParkingIdle(final LongSupplier parkNanosMax) {
        this.parkNanosMax = parkNanosMax;
    }

    /** Called on the engine thread before its first look at the queues. */
    void bind(final Thread engineThread) {
        thread = engineThread;
    }

    /** Any thread, after it has queued something. */
    void wake() {
        LockSupport.unpark(thread);
    }

    @Override
    public void idle(final int workCount) {
        if (workCount <= 0) {
            idle();
        }
    }

    @Override
    public void idle() {
        LockSupport.parkNanos(this, parkNanosMax.getAsLong());
    }

    @Override
    public void reset() {
        // no state between idles
    }
}
