package io.spillway.gateway.chat;

import java.util.HexFormat;
import java.util.concurrent.locks.ReentrantLock;
import java.util.random.RandomGenerator;

/** New ids: a prefix and 128 random bits. Any thread. */
public final class RequestIds {
    private final RandomGenerator random;
    private final ReentrantLock lock = new ReentrantLock();

    /** @param random used by one thread at a time */
    public RequestIds(final RandomGenerator random) {
        this.random = random;
    }

    /** @return for instance {@code chatcmpl-0123456789abcdef0123456789abcdef} */
    public String next(final String prefix) {
        lock.lock();
        try {
            final HexFormat hex = HexFormat.of();
            return prefix + hex.toHexDigits(random.nextLong()) + hex.toHexDigits(random.nextLong());
        } finally {
            lock.unlock();
        }
    }
}
