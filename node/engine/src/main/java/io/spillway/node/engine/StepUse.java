package io.spillway.node.engine;

/**
 * What steps consisted of and how long they took, totals since the start.
 *
 * @param sequences     sequences, summed over steps
 * @param prefillRows   rows of known tokens before the last
 * @param decodeRows    rows of last known tokens of sequences that decode
 * @param guessedRows   rows of tokens that were guessed
 * @param nanos         duration of all steps together
 * @param countByBucket steps by duration: bucket {@code b} holds those of less than {@code 2^b} × {@link #FIRST_BUCKET_NANOS}, the last
 *                      one all longer ones. Handed over
 */
public record StepUse(
    long sequences, long prefillRows, long decodeRows, long guessedRows, long nanos, long[] countByBucket) {
    /** Upper bound of the first bucket; every further one is twice as wide. */
    public static final long FIRST_BUCKET_NANOS = 125_000;
    /** 125 µs to 16 s, and longer. */
    public static final int BUCKETS = 19;
    /** Nothing happened yet. */
    public static final StepUse NONE = new StepUse(0, 0, 0, 0, 0, new long[BUCKETS]);

    /** @return bucket of a step that took {@code nanos} */
    static int bucketOf(final long nanos) {
        final long quotient = Math.max(0, nanos) / FIRST_BUCKET_NANOS;
        return Math.min(BUCKETS - 1, Long.SIZE - Long.numberOfLeadingZeros(quotient));
    }
}
