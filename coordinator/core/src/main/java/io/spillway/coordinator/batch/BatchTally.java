package io.spillway.coordinator.batch;

/**
 * What the accounted lines of a batch came to, or what a stretch of them adds.
 *
 * @param completed lines answered with success
 * @param failed    lines answered with an error, or given up
 */
public record BatchTally(
    int completed, int failed, long promptTokens, long cachedTokens, long outputTokens, long reasoningTokens) {
    /** Nothing. */
    public static final BatchTally ZERO = new BatchTally(0, 0, 0, 0, 0, 0);

    /** @return how many lines these are */
    public int lines() {
        return completed + failed;
    }

    /** @return whether no part of it is negative */
    boolean sound() {
        return (completed | failed) >= 0 && (promptTokens | cachedTokens | outputTokens | reasoningTokens) >= 0
            && (long) completed + failed <= Integer.MAX_VALUE;
    }

    /** @return these and more; totals stop at the largest value rather than turning negative */
    public BatchTally plus(final BatchTally more) {
        return new BatchTally(completed + more.completed, failed + more.failed, sum(promptTokens, more.promptTokens),
            sum(cachedTokens, more.cachedTokens), sum(outputTokens, more.outputTokens),
            sum(reasoningTokens, more.reasoningTokens));
    }

    private static long sum(final long total, final long addend) {
        return total > Long.MAX_VALUE - addend ? Long.MAX_VALUE : total + addend;
    }
}
