package io.spillway.gateway.anthropic;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.domain.request.PrefillSources;
import io.spillway.domain.request.Retention;
import io.spillway.domain.request.Usage;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A prompt's tokens, each counted once: read from the cache, written to it, or neither. The cluster caches whatever it computes; as
 * written counts what was computed before a caller's mark, as a caller who knows the marks expects.
 *
 * @param readTokens  the cluster had them
 * @param shortTokens computed, before the last mark, and not before one for an hour
 * @param longTokens  computed, before the last mark for an hour
 * @param plainTokens computed, behind all marks
 */
record InputUsage(int readTokens, int shortTokens, int longTokens, int plainTokens) {
    /** Nothing is known yet. */
    static final InputUsage NONE = new InputUsage(0, 0, 0, 0);

    /**
     * How far a request's marks reach.
     *
     * @param anyTokens  length of the prompt's beginning up to the last mark
     * @param longTokens the same for the last mark for an hour
     */
    record Reach(int anyTokens, int longTokens) {
        /** No marks. */
        static final Reach NONE = new Reach(0, 0);

        static Reach of(final List<Retention> retentions) {
            int any = 0;
            int hour = 0;
            for (final Retention retention : retentions) {
                any = Math.max(any, retention.tokens());
                hour = retention.ttlMillis() >= TimeUnit.SECONDS.toMillis(CacheMarks.LONG_SECONDS) ? Math.max(hour, retention.tokens()) : hour;
            }
            return new Reach(any, hour);
        }
    }

    /** @return what is known once the prompt's way is known */
    static InputUsage of(final PrefillSources sources, final Reach reach) {
        return of(sources.cachedTokens() + sources.computedTokens(), sources.cachedTokens(), reach);
    }

    /** @return what it came to in the end */
    static InputUsage of(final Usage usage, final Reach reach) {
        return of(usage.promptTokens(), usage.cachedTokens(), reach);
    }

    private static InputUsage of(final int promptTokens, final int readTokens, final Reach reach) {
        final int any = Math.max(0, Math.min(promptTokens, reach.anyTokens) - readTokens);
        final int hour = Math.max(0, Math.min(promptTokens, reach.longTokens) - readTokens);
        return new InputUsage(readTokens, any - hour, hour, promptTokens - readTokens - any);
    }

    /** Writes the input side of a usage. */
    void write(final ObjectNode usage) {
        usage.put("input_tokens", plainTokens);
        usage.put("cache_creation_input_tokens", shortTokens + longTokens);
        usage.put("cache_read_input_tokens", readTokens);
    }

    /** Writes which marks the written tokens belong to. */
    void writeCreation(final ObjectNode usage) {
        usage.putObject("cache_creation").put("ephemeral_5m_input_tokens", shortTokens).put("ephemeral_1h_input_tokens", longTokens);
    }
}
