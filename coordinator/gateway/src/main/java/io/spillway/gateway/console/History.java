package io.spillway.gateway.console;

import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/** The last ten minutes, one sample a second. Written by the sampling thread, read by any; short sections under one lock. */
final class History {
    /** Ten minutes of one sample a second: some hundred kilobytes. */
    static final int SAMPLES_MAX = 600;

    private final ReentrantLock lock = new ReentrantLock();
    private final ArrayDeque<Sample> samples = new ArrayDeque<>(SAMPLES_MAX);

    void add(final Sample sample) {
        lock.lock();
        try {
            if (samples.size() == SAMPLES_MAX) {
                samples.removeFirst();
            }
            samples.addLast(sample);
        } finally {
            lock.unlock();
        }
    }

    /** @return the oldest first */
    List<Sample> all() {
        lock.lock();
        try {
            return List.copyOf(samples);
        } finally {
            lock.unlock();
        }
    }

    Optional<Sample> latest() {
        lock.lock();
        try {
            return Optional.ofNullable(samples.peekLast());
        } finally {
            lock.unlock();
        }
    }
}
