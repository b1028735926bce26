package io.spillway.domain.request;

/**
 * A wish that the beginning of a request's tokens, output included, stay in the node's cache after its end. Nothing but what is evicted
 * first depends on it.
 *
 * @param tokens    how many; more than there are = all
 * @param ttlMillis for how long after the request's end
 */
public record Retention(int tokens, long ttlMillis) {
    /** Longest wish that is heeded: a day. */
    public static final long TTL_MILLIS_MAX = 86_400_000L;

    public Retention {
        if (tokens < 1 || ttlMillis < 1 || ttlMillis > TTL_MILLIS_MAX) {
            throw new IllegalArgumentException("tokens must be positive and ttlMillis at most a day: " + tokens + ", " + ttlMillis);
        }
    }

    /** @return a wish for all tokens, for that time, at least a millisecond and at most a day */
    public static Retention ofAll(final long ttlMillis) {
        return new Retention(Integer.MAX_VALUE, Math.clamp(ttlMillis, 1, TTL_MILLIS_MAX));
    }
}
