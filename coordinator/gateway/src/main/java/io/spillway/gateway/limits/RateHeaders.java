package io.spillway.gateway.limits;

import java.util.function.BiConsumer;

/** Words a tenant's limits as the headers that clients know. Stateless; any thread. */
public final class RateHeaders {
    private static final long NANOS_PER_MILLI = 1_000_000;
    private static final long MILLIS_PER_SECOND = 1000;
    private static final long SECONDS_PER_MINUTE = 60;

    private RateHeaders() {
    }

    /** @param header takes a name and a value */
    public static void tell(final RateLimits.State state, final BiConsumer<String, String> header) {
        state.requests().ifPresent(level -> tell("requests", level, header));
        state.tokens().ifPresent(level -> tell("tokens", level, header));
    }

    private static void tell(final String what, final RateLimits.Level level, final BiConsumer<String, String> header) {
        header.accept("x-ratelimit-limit-" + what, Long.toString(level.limit()));
        header.accept("x-ratelimit-remaining-" + what, Long.toString(level.remaining()));
        header.accept("x-ratelimit-reset-" + what, duration(level.resetNanos()));
    }

    /** @return for instance {@code 6m0s}, {@code 1.5s} or {@code 20ms}; rounded up to a millisecond */
    static String duration(final long nanos) {
        final long millis = Math.ceilDiv(nanos, NANOS_PER_MILLI);
        if (millis < MILLIS_PER_SECOND) {
            return millis + "ms";
        }
        final long minutes = millis / MILLIS_PER_SECOND / SECONDS_PER_MINUTE;
        final long rest = millis - minutes * SECONDS_PER_MINUTE * MILLIS_PER_SECOND;
        final String seconds = rest % MILLIS_PER_SECOND == 0 ? Long.toString(rest / MILLIS_PER_SECOND)
            : java.math.BigDecimal.valueOf(rest, 3).stripTrailingZeros().toPlainString();
        return (minutes > 0 ? minutes + "m" : "") + seconds + "s";
    }
}
