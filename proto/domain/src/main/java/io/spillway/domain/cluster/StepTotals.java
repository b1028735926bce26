package io.spillway.domain.cluster;

import java.util.Collections;
import java.util.List;

/**
 * What an engine's steps consisted of and how long they took: totals since it started, so that two reports give a rate.
 *
 * @param steps         forward passes
 * @param sequences     sequences, summed over steps
 * @param prefillRows   rows of known tokens before the last
 * @param decodeRows    rows of last known tokens of sequences that decode
 * @param guessedRows   rows of tokens that were guessed
 * @param acceptedRows  of these, rows that turned out right: output tokens without a step of their own
 * @param nanos         duration of all steps together
 * @param countByBucket steps by duration: entry {@code b} counts those shorter than {@link #bucketNanos(int) bucketNanos(b)} and not shorter than
 *                      the bucket before; the last one all longer ones. {@link #BUCKETS} entries
 */
public record StepTotals(
    long steps, long sequences, long prefillRows, long decodeRows, long guessedRows, long acceptedRows, long nanos,
    List<Long> countByBucket) {
    /** 125 µs to 16 s, doubling, and longer. */
    public static final int BUCKETS = 19;
    private static final long FIRST_BUCKET_NANOS = 125_000;
    /** Nothing happened yet. */
    public static final StepTotals NONE = new StepTotals(0, 0, 0, 0, 0, 0, 0, Collections.nCopies(BUCKETS, 0L));

    public StepTotals {
        countByBucket = List.copyOf(countByBucket);
        if (countByBucket.size() != BUCKETS) {
            throw new IllegalArgumentException(countByBucket.size() + " buckets of step durations instead of " + BUCKETS);
        }
    }

    /** @return the bucket of a step that took {@code nanos} */
    public static int bucketOf(final long nanos) {
        final long quotient = Math.max(0, nanos) / FIRST_BUCKET_NANOS;
        return Math.min(BUCKETS - 1, Long.SIZE - Long.numberOfLeadingZeros(quotient));
    }

    /** @return where {@code bucket} ends; the last one has no end: {@code Long.MAX_VALUE} */
    public static long bucketNanos(final int bucket) {
        return bucket == BUCKETS - 1 ? Long.MAX_VALUE : FIRST_BUCKET_NANOS << bucket;
    }
}
