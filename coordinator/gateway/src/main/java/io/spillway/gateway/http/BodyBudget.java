package io.spillway.gateway.http;

import java.util.concurrent.atomic.AtomicLong;

/** Bytes of request bodies that may be held at once. Any thread. */
final class BodyBudget {
    private final long bytesMax;
    private final AtomicLong reservedBytes = new AtomicLong();

    BodyBudget(final long bytesMax) {
        this.bytesMax = bytesMax;
    }

    boolean tryReserve(final long bytes) {
        if (reservedBytes.addAndGet(bytes) <= bytesMax) {
            return true;
        }
        reservedBytes.addAndGet(-bytes);
        return false;
    }

    void release(final long bytes) {
        reservedBytes.addAndGet(-bytes);
    }

    long reservedBytes() {
        return reservedBytes.get();
    }
}
