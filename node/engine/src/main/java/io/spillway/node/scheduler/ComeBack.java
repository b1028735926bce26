package io.spillway.node.scheduler;

/**
 * What it costs to have KV on the device again that is not there: compute it, or fetch it from the block store, whichever
 * is sooner by the speeds measured so far. Pure.
 *
 * @param prefillTokensPerSecond measured; 0 = not yet
 * @param onboardBytesPerSecond  measured; 0 = not yet
 */
public record ComeBack(double prefillTokensPerSecond, double onboardBytesPerSecond) {
    /** Computing holds up everybody else, fetching does not: it may take that many times as long. */
    private static final double PATIENCE = 4;
    private static final double NANOS_PER_SECOND = 1e9;

    /**
     * @param tokens of full blocks that the store may have
     * @param bytes  of those blocks
     * @return whether to ask the store rather than compute; yes while either speed is unknown
     */
    public boolean fetches(final long tokens, final long bytes) {
        return prefillTokensPerSecond <= 0 || onboardBytesPerSecond <= 0
            || bytes / onboardBytesPerSecond <= PATIENCE * tokens / prefillTokensPerSecond;
    }

    /**
     * @param lostTokens  tokens that would have to be computed
     * @param savedTokens tokens whose blocks the store has
     * @param savedBytes  of those blocks
     * @return nanoseconds until a sequence that gave these up would be where it was; without measurements a nanosecond per
     *     token that must be computed
     */
    public long nanos(final long lostTokens, final long savedTokens, final long savedBytes) {
        if (prefillTokensPerSecond <= 0) {
            return lostTokens;
        }
        final double compute = NANOS_PER_SECOND / prefillTokensPerSecond;
        final double fetch = onboardBytesPerSecond <= 0 ? 0 : savedBytes / onboardBytesPerSecond * NANOS_PER_SECOND;
        return Math.round(lostTokens * compute + Math.min(savedTokens * compute, fetch));
    }
}
