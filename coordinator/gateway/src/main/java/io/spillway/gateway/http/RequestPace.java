package io.spillway.gateway.http;

import io.spillway.domain.time.NanoClock;
import java.util.concurrent.TimeUnit;

/** How fast a request comes in, against clients that hold a connection by sending a byte now and then. Owned by the event loop. */
final class RequestPace {
    private static final long PERIODS = 4;
    private static final long SHORTEST_PERIOD_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
    private static final long LONGEST_PERIOD_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final HttpServerConfig.Guards guards;
    private final NanoClock clock;
    private Phase phase = Phase.BETWEEN;
    private long startNanos;
    private long bytes;

    private enum Phase {
        BETWEEN, HEAD, BODY
    }

    RequestPace(final HttpServerConfig.Guards guards, final NanoClock clock) {
        this.guards = guards;
        this.clock = clock;
    }

    /** The first byte of a head is there; further calls for the same head change nothing. */
    void head() {
        if (phase != Phase.HEAD) {
            begin(Phase.HEAD);
        }
    }

    void body() {
        begin(Phase.BODY);
    }

    private void begin(final Phase next) {
        phase = next;
        startNanos = clock.nanoTime();
        bytes = 0;
    }

    void bytes(final int more) {
        bytes += more;
    }

    /** The request is complete. */
    void complete() {
        phase = Phase.BETWEEN;
    }

    /** Time that was lost on our side does not count. */
    void restart() {
        startNanos = clock.nanoTime();
        bytes = 0;
    }

    /** @return whether a request is coming in */
    boolean pending() {
        return phase != Phase.BETWEEN;
    }

    boolean late() {
        final long elapsedNanos = clock.nanoTime() - startNanos;
        return switch (phase) {
            case BETWEEN -> false;
            case HEAD -> elapsedNanos > guards.headNanos();
            case BODY -> elapsedNanos > guards.bodyGraceNanos()
                && bytes < guards.bodyBytesPerSecondMin() * (elapsedNanos / (double) TimeUnit.SECONDS.toNanos(1));
        };
    }

    /** @return how often to ask {@link #late} */
    long periodNanos() {
        final long period = Math.min(guards.headNanos(), guards.bodyGraceNanos()) / PERIODS;
        return Math.clamp(period, SHORTEST_PERIOD_NANOS, LONGEST_PERIOD_NANOS);
    }
}
