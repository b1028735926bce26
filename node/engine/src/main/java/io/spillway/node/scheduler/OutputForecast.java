package io.spillway.node.scheduler;

/**
 * How long outputs become, from how long they became so far: a mean at first, a moving average from then on. Deterministic. Single writer: the engine
 * thread.
 */
public final class OutputForecast {
    private static final double WEIGHT = 0.05;
    private static final int SETTLED_COUNT = 20;
    /** Before anything is known. */
    private static final double FIRST_TOKENS = 64;

    private double meanTokens = FIRST_TOKENS;
    private int endedCount;

    /** Notes how long an output became. */
    public void ended(final int outputTokens) {
        endedCount = Math.min(endedCount + 1, SETTLED_COUNT);
        meanTokens += Math.max(WEIGHT, 1.0 / (endedCount + 1)) * (outputTokens - meanTokens);
    }

    /**
     * @param outputTokens of a sequence so far
     * @param leftTokens   that may still come, at most
     * @return tokens that will probably come; at least one while one may. Who is over the mean is expected to need half
     *     of it again
     */
    public int moreTokens(final int outputTokens, final int leftTokens) {
        final double more = Math.max(meanTokens - outputTokens, meanTokens / 2);
        return (int) Math.min(leftTokens, Math.max(1, Math.round(more)));
    }
}
