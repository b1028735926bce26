package io.spillway.node.parallel;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Where ranks wait for each other, again and again. Who waits looks for the others for a few microseconds, then sleeps. A failure releases
 * everybody, and keeps everybody from waiting until {@link #reset}.
 *
 * <p>Threads: as many as there are parties.
 */
final class MeetingPoint {
    private final int parties;
    private final int spinsBeforeSleep;
    private final AtomicInteger arrived = new AtomicInteger();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private volatile int round;

    /** @param spinsBeforeSleep looks at the others before it sleeps; 0 where they have no cores of their own */
    MeetingPoint(final int parties, final int spinsBeforeSleep) {
        this.parties = parties;
        this.spinsBeforeSleep = spinsBeforeSleep;
    }

    /** Returns when all parties have come. What they wrote before is visible afterwards. @throws PeerFailedException when one failed instead */
    void await() {
        final int mine = round;
        if (failure.get() == null && arrived.incrementAndGet() == parties) {
            arrived.set(0);
            round = mine + 1;
            wake();
            return;
        }
        for (int spins = 0; spins < spinsBeforeSleep && isOpen(mine); spins++) {
            Thread.onSpinWait();
        }
        if (isOpen(mine)) {
            sleep(mine);
        }
        if (round == mine) {
            throw new PeerFailedException(failure.get());
        }
    }

    private boolean isOpen(final int mine) {
        return round == mine && failure.get() == null;
    }

    private void sleep(final int mine) {
        lock.lock();
        try {
            while (isOpen(mine)) {
                changed.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    private void wake() {
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** A party failed: everybody who waits, or comes later, gets to know. Of several failures the first counts. */
    void fail(final Throwable cause) {
        failure.compareAndSet(null, cause);
        wake();
    }

    /** @return the first failure since {@link #reset}, or null */
    Throwable failure() {
        return failure.get();
    }

    /** Begins anew. Nobody may be waiting or on the way. */
    void reset() {
        arrived.set(0);
        failure.set(null);
    }
}
