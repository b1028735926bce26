package io.spillway.gateway.anthropic;

import io.spillway.gateway.limits.RateLimits;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;

/** Words a tenant's limits as the headers that this API's clients know. Stateless; any thread. */
final class LimitHeaders {
    private LimitHeaders() {
    }

    /** @param header takes a name and a value */
    static void tell(final RateLimits.State state, final long nowMillis, final BiConsumer<String, String> header) {
        state.requests().ifPresent(level -> tell("requests", level, nowMillis, header));
        state.tokens().ifPresent(level -> tell("tokens", level, nowMillis, header));
    }

    /** Moments are told in whole seconds, rounded up: nobody comes too early. */
    private static void tell(
        final String what, final RateLimits.Level level, final long nowMillis, final BiConsumer<String, String> header) {
        final long resetMillis = nowMillis + TimeUnit.NANOSECONDS.toMillis(level.resetNanos()) + 999;
        header.accept("anthropic-ratelimit-" + what + "-limit", Long.toString(level.limit()));
        header.accept("anthropic-ratelimit-" + what + "-remaining", Long.toString(Math.max(0, level.remaining())));
        header.accept("anthropic-ratelimit-" + what + "-reset", Instant.ofEpochMilli(resetMillis).truncatedTo(ChronoUnit.SECONDS).toString());
    }
}
