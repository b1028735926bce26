package io.spillway.gateway.keys;

import io.spillway.coordinator.access.KeyChange;
import io.spillway.gateway.openai.ApiKeys;
import java.util.HexFormat;
import java.util.concurrent.locks.ReentrantLock;
import java.util.random.RandomGenerator;

/** New secrets: a prefix that scanners for leaked keys can know, and 192 random bits. Any thread. */
final class Secrets {
    private static final String PREFIX = "sk-spillway-";
    private static final int RANDOM_BYTES = 24;
    private static final int HINT_DIGITS = 4;

    private final RandomGenerator random;
    private final ReentrantLock lock = new ReentrantLock();

    /**
     * A new secret.
     *
     * @param secret for the one answer that tells it
     * @param known  what the cluster keeps
     */
    record Made(String secret, KeyChange.Secret known) {
        @Override
        public String toString() {
            return known.hint();
        }
    }

    Secrets(final RandomGenerator random) {
        this.random = random;
    }

    Made next() {
        final byte[] bytes = new byte[RANDOM_BYTES];
        lock.lock();
        try {
            random.nextBytes(bytes);
        } finally {
            lock.unlock();
        }
        final String secret = PREFIX + HexFormat.of().formatHex(bytes);
        return new Made(secret, new KeyChange.Secret(ApiKeys.hash(secret), secret.substring(0, PREFIX.length() + HINT_DIGITS)));
    }
}
