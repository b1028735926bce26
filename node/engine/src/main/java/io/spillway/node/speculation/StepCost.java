package io.spillway.node.speculation;

/**
 * How long a step of so many rows takes, measured: a curve over row counts, and a scale that follows what all of them have in common
 * (how deep the sequences are, what else the machine does). Only ratios matter, so nothing is known until steps were seen. Before a
 * count has been seen, the curve goes on from the nearest smaller one as a machine does that is bound by reading its weights.
 *
 * <p>Single writer: the engine thread.
 */
final class StepCost {
    private static final double ROW_SHARE_PRIOR = 0.08; // of a step of one row, per further row
    private static final double SCALE_WEIGHT = 0.2;
    private static final double CURVE_WEIGHT = 0.03;
    private static final double FIRST_WEIGHT = 0.5;
    private static final double OUTLIER = 2.0;
    private static final int EXACT_MAX = 16;
    private static final int BINS = 48;

    private final double[] curve = new double[BINS];   // relative duration, by bin
    private final boolean[] seen = new boolean[BINS];
    private double scaleNanos;

    StepCost() {
        for (int bin = 0; bin < BINS; bin++) {
            curve[bin] = prior(rowsOf(bin));
        }
    }

    /** Every count up to 16 has its bin, then eight bins per doubling. */
    static int binOf(final int rows) {
        if (rows <= EXACT_MAX) {
            return Math.max(0, rows - 1);
        }
        final int octave = 31 - Integer.numberOfLeadingZeros(rows);
        return Math.min(BINS - 1, EXACT_MAX + (octave - 4) * 8 + (rows - (1 << octave) >> octave - 3));
    }

    private static int rowsOf(final int bin) {
        if (bin < EXACT_MAX) {
            return bin + 1;
        }
        final int octave = (bin - EXACT_MAX) / 8 + 4;
        return (1 << octave) + ((bin - EXACT_MAX) % 8 << octave - 3);
    }

    private static double prior(final double rows) {
        return 1 + (rows - 1) * ROW_SHARE_PRIOR;
    }

    /** Takes the duration of a step without prefill. */
    void observe(final int rows, final long nanos) {
        if (nanos <= 0 || rows <= 0) {
            return;
        }
        final int bin = binOf(rows);
        if (scaleNanos == 0) {
            scaleNanos = nanos / curve[bin];
        }
        if (!seen[bin]) {
            curve[bin] = relative(rows);
        }
        final double ratio = Math.clamp(nanos / (scaleNanos * curve[bin]), 1 / OUTLIER, OUTLIER);
        scaleNanos *= 1 + SCALE_WEIGHT * (ratio - 1);
        curve[bin] *= 1 + (seen[bin] ? CURVE_WEIGHT : FIRST_WEIGHT) * (ratio - 1);
        seen[bin] = true;
    }

    /** @return whether anything was measured */
    boolean isKnown() {
        return scaleNanos > 0;
    }

    /** @return expected nanoseconds of a step of {@code rows} rows; 0 while nothing is known */
    double nanos(final int rows) {
        return scaleNanos * relative(rows);
    }

    private double relative(final int rows) {
        final int bin = binOf(rows);
        if (seen[bin]) {
            return curve[bin];
        }
        for (int below = bin - 1; below >= 0; below--) {
            if (seen[below]) {
                return curve[below] * prior(rows) / prior(rowsOf(below));
            }
        }
        return curve[bin];
    }
}
