package io.spillway.gateway.http;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.spillway.domain.time.NanoClock;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Sends what one exchange after the other writes, and holds a writer back while its client does not read. It counts itself what
 * waits: an HTTP/2 stream's own count knows nothing of what is on its way to the event loop. Written by the exchange's virtual
 * thread, told of progress by the event loop.
 */
final class WriteGate {
    private static final long HIGH_BYTES = 64 << 10;
    private static final long LOW_BYTES = 32 << 10;
    /** Head and framing of a message, roughly; more than nothing, so that an empty one counts. */
    private static final int FRAME_BYTES = 64;

    private final Channel channel;
    private final NanoClock clock;
    private final AtomicLong pendingBytes = new AtomicLong();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private volatile long progressNanos;
    private volatile boolean waiting;
    private final AtomicBoolean givenUp = new AtomicBoolean();

    WriteGate(final Channel channel, final NanoClock clock) {
        this.channel = channel;
        this.clock = clock;
    }

    Channel channel() {
        return channel;
    }

    /** @param bytes size of its body */
    ChannelFuture send(final Object message, final int bytes) {
        final long size = (long) bytes + FRAME_BYTES;
        if (pendingBytes.getAndAdd(size) == 0) {
            progressNanos = clock.nanoTime();
        }
        return channel.writeAndFlush(message).addListener(written -> taken(size));
    }

    private void taken(final long size) {
        progressNanos = clock.nanoTime();
        if (pendingBytes.addAndGet(-size) <= LOW_BYTES && waiting) {
            signal();
        }
    }

    /** Event loop: there is room, or the channel is gone. */
    void signal() {
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** @return true once: whoever finds the client stalled first counts it */
    boolean giveUp() {
        return givenUp.compareAndSet(false, true);
    }

    /** @return whether something waits of which the client has taken nothing for {@code stallNanos} */
    boolean stalled(final long stallNanos) {
        return pendingBytes.get() > 0 && clock.nanoTime() - progressNanos >= stallNanos;
    }

    /** @return false when the client is gone or took nothing for {@code stallNanos} */
    boolean awaitWritable(final long stallNanos) {
        if (pendingBytes.get() <= HIGH_BYTES) {
            return channel.isActive();
        }
        lock.lock();
        waiting = true;
        try {
            while (channel.isActive() && pendingBytes.get() > LOW_BYTES) {
                final long leftNanos = stallNanos - (clock.nanoTime() - progressNanos);
                if (leftNanos <= 0) {
                    return false;
                }
                changed.awaitNanos(leftNanos);
            }
            return channel.isActive();
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            waiting = false;
            lock.unlock();
        }
    }
}
