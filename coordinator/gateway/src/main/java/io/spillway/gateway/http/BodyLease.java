package io.spillway.gateway.http;

import java.util.concurrent.atomic.AtomicLong;

/**
 * What one request's body takes of the {@link BodyBudget}, until its exchange is done. Any thread: the event loop reserves while
 * the body comes in, the exchange's virtual thread while it is unpacked, and whoever ends the exchange releases.
 */
final class BodyLease {
    private static final long RELEASED = -1;

    private final BodyBudget budget;
    private final AtomicLong heldBytes = new AtomicLong();

    BodyLease(final BodyBudget budget) {
        this.budget = budget;
    }

    /** @return false, with nothing reserved, when the budget is spent or the lease was released */
    boolean tryReserve(final long moreBytes) {
        if (!budget.tryReserve(moreBytes)) {
            return false;
        }
        while (true) {
            final long held = heldBytes.get();
            if (held == RELEASED) {
                budget.release(moreBytes);
                return false;
            }
            if (heldBytes.compareAndSet(held, held + moreBytes)) {
                return true;
            }
        }
    }

    long heldBytes() {
        return Math.max(0, heldBytes.get());
    }

    /** Gives everything back. Idempotent. */
    void release() {
        final long held = heldBytes.getAndSet(RELEASED);
        if (held > 0) {
            budget.release(held);
        }
    }
}
