package io.spillway.gateway.responses;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.time.EpochClock;
import io.spillway.domain.time.NanoClock;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The background responses of this process: those that run, and for a few minutes those that ended, with their events, for clients that
 * come back. Any thread.
 */
final class BackgroundRuns implements AutoCloseable {
    private static final long EVENTS_KEPT_MILLIS = TimeUnit.MINUTES.toMillis(5);
    private static final long CLOSE_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final ResponsesConfig config;
    private final EpochClock clock;
    private final NanoClock nanos;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<ResponseKey, BackgroundRun> runs = new LinkedHashMap<>(); // guarded by lock
    private boolean closed; // guarded by lock

    BackgroundRuns(final ResponsesConfig config, final EpochClock clock, final NanoClock nanos) {
        this.config = config;
        this.clock = clock;
        this.nanos = nanos;
    }

    /** @throws SpillwayException {@code OVERLOADED} when as many run as may */
    void start(final ResponseKey key, final BackgroundRun run) {
        lock.lock();
        try {
            dropEnded();
            final long running = runs.values().stream().filter(each -> each.endedMillis().isEmpty()).count();
            if (closed || running >= config.backgroundRunsMax()) {
                throw new SpillwayException(closed ? ErrorCode.DRAINING : ErrorCode.OVERLOADED, closed
                    ? "The server is shutting down; ask again" : running + " responses run in the background already; try again later");
            }
            runs.put(key, run);
        } finally {
            lock.unlock();
        }
        run.start();
    }

    Optional<BackgroundRun> find(final TenantId tenant, final String id) {
        if (!ResponseKey.isId(id)) {
            return Optional.empty();
        }
        lock.lock();
        try {
            dropEnded();
            return Optional.ofNullable(runs.get(new ResponseKey(tenant, id)));
        } finally {
            lock.unlock();
        }
    }

    /** @return the run that was there, which nobody will find any more */
    Optional<BackgroundRun> remove(final ResponseKey key) {
        lock.lock();
        try {
            return Optional.ofNullable(runs.remove(key));
        } finally {
            lock.unlock();
        }
    }

    private void dropEnded() {
        final long endedBefore = clock.epochMillis() - EVENTS_KEPT_MILLIS;
        long bytes = runs.values().stream().mapToLong(run -> run.log().bytes()).sum();
        final Iterator<BackgroundRun> eldest = runs.values().iterator();
        while (eldest.hasNext()) {
            final BackgroundRun run = eldest.next();
            final Optional<Long> ended = run.endedMillis();
            if (ended.isPresent() && (ended.get() < endedBefore || bytes > config.eventsBytesMax())) {
                bytes -= run.log().bytes();
                eldest.remove();
            }
        }
    }

    /** Cancels what still runs and waits a few seconds for it to end. */
    @Override
    public void close() {
        final List<BackgroundRun> left;
        lock.lock();
        try {
            closed = true;
            left = new ArrayList<>(runs.values());
        } finally {
            lock.unlock();
        }
        final long deadlineNanos = nanos.nanoTime() + CLOSE_NANOS;
        left.stream().filter(run -> run.endedMillis().isEmpty()).forEach(BackgroundRun::cancel);
        left.forEach(run -> run.awaitEnd(Math.max(0, deadlineNanos - nanos.nanoTime())));
    }
}
