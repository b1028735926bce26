package io.spillway.coordinator.placement;

/**
 * What placing a request on one node would take until its first token, and what it would cost others later.
 *
 * @param queueNanos     work that is there already, and decode steps that interleave with our prefill
 * @param onboardNanos   blocks read from lower tiers and from other members
 * @param prefillNanos   tokens cached nowhere
 * @param evictNanos     expected recomputation of what the request would push out
 * @param computedTokens known tokens that the node would compute; the rest of the known tokens is cached
 * @param blocksNeeded   device blocks it would newly take
 */
public record Estimate(
    long queueNanos, long onboardNanos, long prefillNanos, long evictNanos, Cached cached, int computedTokens,
    int blocksNeeded) {

    /** @return the sum that nodes are compared by */
    public long totalNanos() {
        return queueNanos + onboardNanos + prefillNanos + evictNanos;
    }

    /** Known tokens that need not be computed, by where they are found. */
    public record Cached(int deviceTokens, int hostTokens, int remoteTokens) {
        /** @return all of them */
        public int tokens() {
            return deviceTokens + hostTokens + remoteTokens;
        }
    }
}
