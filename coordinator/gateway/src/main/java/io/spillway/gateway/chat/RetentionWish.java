package io.spillway.gateway.chat;

/**
 * A caller's wish that the beginning of its prompt be kept warm, in messages; the planner makes a {@link
 * io.spillway.domain.request.Retention} of it. Only a wish: an answer never depends on it.
 *
 * @param messages   how many of the prompt's messages the beginning spans; tools come before all of them, 0 = nothing but the tools
 * @param ttlSeconds for how long after its last use
 */
public record RetentionWish(int messages, long ttlSeconds) {
    public RetentionWish {
        if (messages < 0 || ttlSeconds < 1) {
            throw new IllegalArgumentException("messages must not be negative and ttlSeconds positive: " + messages + ", " + ttlSeconds);
        }
    }
}
