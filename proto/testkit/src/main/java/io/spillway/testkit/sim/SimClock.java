package io.spillway.testkit.sim;

import io.spillway.domain.time.EpochClock;
import io.spillway.domain.time.NanoClock;

/** Time that passes only when it is told to. The wall clock runs beside it from a fixed day. World's thread only. */
public final class SimClock implements NanoClock, EpochClock {
    private static final long EPOCH_MILLIS_AT_START = 1_750_000_000_000L;

    private long nowNanos;

    @Override
    public long nanoTime() {
        return nowNanos;
    }

    @Override
    public long epochMillis() {
        return EPOCH_MILLIS_AT_START + nowNanos / 1_000_000;
    }

    /** Lets time pass up to a moment that is not in the past. */
    public void advanceTo(final long nanos) {
        if (nanos < nowNanos) {
            throw new IllegalArgumentException("time does not run backwards: " + nanos + " < " + nowNanos);
        }
        nowNanos = nanos;
    }

    /** Lets some time pass. */
    public void advanceBy(final long nanos) {
        advanceTo(nowNanos + nanos);
    }
}
