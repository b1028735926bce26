package io.spillway.bench.engine;

import java.util.Arrays;

/** Of a few samples. */
final class Statistics {
    private Statistics() {
    }

    static double median(final double[] samples) {
        final double[] sorted = samples.clone();
        Arrays.sort(sorted);
        final int half = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }

    static double mean(final double[] samples) {
        return Arrays.stream(samples).average().orElse(0);
    }

    /** @return standard deviation of the samples, 0 for one */
    static double deviation(final double[] samples) {
        final double mean = mean(samples);
        return samples.length < 2 ? 0
            : Math.sqrt(Arrays.stream(samples).map(s -> (s - mean) * (s - mean)).sum() / (samples.length - 1));
    }
}
