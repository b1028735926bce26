package io.spillway.node.engine;

import io.spillway.node.scheduler.ComeBack;

/**
 * Measured speeds, as exponentially weighted moving averages. Single writer: the engine thread.
 *
 * <p>A step tells about prefill when most of its rows are prefill and it has enough of them, about decoding when none is: the time of a step
 * of few rows is that of reading the weights, and a node that was asked nothing but short prompts would seem slow for long ones.
 */
final class LoadMeter {
    private static final double WEIGHT = 0.2;
    /** Prefill rows below which a step says nothing about prefill, where steps can have as many. */
    private static final int PREFILL_ROWS_MIN = 32;

    private final int prefillRowsMin;
    private double prefillTokensPerSecond;
    private double decodeStepNanos;
    private double onboardBytesPerSecond;

    /** @param stepTokensMax rows of the largest step there can be */
    LoadMeter(final int stepTokensMax) {
        prefillRowsMin = Math.min(PREFILL_ROWS_MIN, stepTokensMax);
    }

    void onStep(final int rows, final int prefillRows, final long durationNanos) {
        final long nanos = Math.max(1, durationNanos);
        if (prefillRows == 0) {
            decodeStepNanos = average(decodeStepNanos, nanos);
        } else if (prefillRows >= prefillRowsMin && 2 * prefillRows >= rows && durationNanos > 0) { // a clock too coarse to tell says nothing
            prefillTokensPerSecond = average(prefillTokensPerSecond, rows * 1e9 / nanos);
        }
    }

    void onOnboard(final long bytes, final long durationNanos) {
        onboardBytesPerSecond = average(onboardBytesPerSecond, bytes * 1e9 / Math.max(1, durationNanos));
    }

    /** @return what it costs to have KV again, by these speeds */
    ComeBack comeBack() {
        return new ComeBack(prefillTokensPerSecond, onboardBytesPerSecond);
    }

    /** @return 0 until a step has told */
    double prefillTokensPerSecond() {
        return prefillTokensPerSecond;
    }

    long decodeStepNanos() {
        return Math.round(decodeStepNanos);
    }

    double onboardBytesPerSecond() {
        return onboardBytesPerSecond;
    }

    private static double average(final double before, final double sample) {
        return before == 0 ? sample : before + WEIGHT * (sample - before);
    }
}
