package io.spillway.gateway.responses;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** The events of a background response, numbered from 0: one thread writes, any number follow. Bounded by the response's output. */
final class EventLog {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final List<Entry> entries = new ArrayList<>();
    private boolean ended;
    private long bytes;

    /**
     * One event.
     *
     * @param json one line; not to be written to
     */
    record Entry(String name, byte[] json) {
    }

    /**
     * What there was to tell.
     *
     * @param isLast whether nothing comes after these
     */
    record Batch(List<Entry> entries, boolean isLast) {
    }

    void append(final Entry entry) {
        lock.lock();
        try {
            entries.add(entry);
            bytes += entry.json.length;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Nothing more will come. */
    void end() {
        lock.lock();
        try {
            ended = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Lets everybody who waits look again. */
    void wake() {
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits until there is something to tell, once, or somebody woke it.
     *
     * @param next number of the first event wanted
     */
    Batch from(final long next, final long waitNanos) throws InterruptedException {
        lock.lock();
        try {
            if (next >= entries.size() && !ended) {
                changed.await(waitNanos, TimeUnit.NANOSECONDS);
            }
            final int begin = (int) Math.min(next, entries.size());
            return new Batch(List.copyOf(entries.subList(begin, entries.size())), ended);
        } finally {
            lock.unlock();
        }
    }

    long bytes() {
        lock.lock();
        try {
            return bytes;
        } finally {
            lock.unlock();
        }
    }
}
