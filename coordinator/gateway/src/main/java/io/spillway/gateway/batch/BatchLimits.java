package io.spillway.gateway.batch;

import java.util.concurrent.TimeUnit;

/**
 * How batches run.
 *
 * @param linesMax       most requests of a batch
 * @param lineBytesMax   longest line
 * @param batchesAtOnce  batches that run at a time; others wait
 * @param linesAtOnce    lines of one batch that are in the request line at a time; how many of them run is decided there
 * @param tickNanos      how often is looked for batches to take up
 * @param retryNanos     wait before a line that found no capacity is asked again; doubles up to 64 times this
 */
public record BatchLimits(
    int linesMax, int lineBytesMax, int batchesAtOnce, int linesAtOnce, long tickNanos, long retryNanos) {
    /** 50,000 lines of 4 MiB, 8 batches, 32 lines of each. */
    public static final BatchLimits USUAL = new BatchLimits(
        50_000, 4 << 20, 8, 32, TimeUnit.MILLISECONDS.toNanos(200), TimeUnit.MILLISECONDS.toNanos(500));

    public BatchLimits {
        if (linesMax < 1 || lineBytesMax < 1 || batchesAtOnce < 1 || linesAtOnce < 1 || tickNanos < 1 || retryNanos < 1) {
            throw new IllegalArgumentException("every limit must be positive");
        }
    }
}
