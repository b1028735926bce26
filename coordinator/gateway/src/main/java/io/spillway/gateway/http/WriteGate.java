package io.spillway.gateway.http;

import io.netty.channel.Channel;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Holds a writer back while its client does not read. Opened by the event loop when the channel is writable again or gone;
 * waited at by the exchange's virtual thread.
 */
final class WriteGate {
    private final Channel channel;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    WriteGate(final Channel channel) {
        this.channel = channel;
    }

    /** Event loop: writability or life of the channel changed. */
    void signal() {
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** @return false when the client is gone or took nothing for {@code stallNanos} */
    boolean awaitWritable(final long stallNanos) {
        if (channel.isWritable()) {
            return channel.isActive();
        }
        lock.lock();
        try {
            long leftNanos = stallNanos;
            while (channel.isActive() && !channel.isWritable() && leftNanos > 0) {
                leftNanos = changed.awaitNanos(leftNanos);
            }
            return channel.isActive() && channel.isWritable();
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            lock.unlock();
        }
    }
}
