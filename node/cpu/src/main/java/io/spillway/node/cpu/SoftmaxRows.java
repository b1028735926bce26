package io.spillway.node.cpu;

import io.spillway.node.compute.Exp;
import java.util.Arrays;

/**
 * Softmaxes in progress, one per query vector, as {@code ScalarAttention} specifies them. One worker's at a time; grown by the
 * engine thread between sections.
 */
final class SoftmaxRows {
    float[] sums = new float[0];      // [queries][headDim]: values weighted by exponentials
    float[] maxima = new float[0];    // [queries]: greatest score; −∞ while nothing was seen
    float[] totals = new float[0];    // [queries]: of the exponentials
    float[] offsets = new float[0];   // [queries]: minima weighted by exponentials
    private int headDim;

    /** Makes room for that many queries. */
    void reserve(final int queries, final int headDim) {
        this.headDim = headDim;
        if (sums.length < queries * headDim) {
            sums = new float[queries * headDim];
        }
        if (maxima.length < queries) {
            maxima = new float[queries];
            totals = new float[queries];
            offsets = new float[queries];
        }
    }

    /** Empties {@code count} queries from {@code from} on. */
    void clear(final int from, final int count) {
        Arrays.fill(sums, from * headDim, (from + count) * headDim, 0f);
        Arrays.fill(maxima, from, from + count, Float.NEGATIVE_INFINITY);
        Arrays.fill(totals, from, from + count, 0f);
        Arrays.fill(offsets, from, from + count, 0f);
    }

    /** Adds what comes later to query {@code q}: query {@code p} of {@code part}. */
    void merge(final int q, final SoftmaxRows part, final int p) {
        if (part.maxima[p] == Float.NEGATIVE_INFINITY) {
            return; // the row does not see that range
        }
        final float greatest = Math.max(maxima[q], part.maxima[p]);
        final float decay = Exp.of(maxima[q] - greatest);
        final float partDecay = Exp.of(part.maxima[p] - greatest);
        totals[q] = Math.fma(totals[q], decay, part.totals[p] * partDecay);
        offsets[q] = Math.fma(offsets[q], decay, part.offsets[p] * partDecay);
        SoftmaxKernels.merge(sums, q * headDim, decay, part.sums, p * headDim, partDecay, headDim);
        maxima[q] = greatest;
    }

    /** Adds a score without a value to query {@code q}. */
    void addSink(final int q, final float sink) {
        final float greatest = Math.max(maxima[q], sink);
        final float decay = Exp.of(maxima[q] - greatest);
        totals[q] = Math.fma(totals[q], decay, Exp.of(sink - greatest));
        offsets[q] *= decay;
        RowKernels.multiply(sums, q * headDim, decay, sums, q * headDim, headDim);
        maxima[q] = greatest;
    }

    /** Writes the result of query {@code q}. */
    void write(final int q, final float[] out, final int at) {
        SoftmaxKernels.finish(sums, q * headDim, offsets[q] + 0f, 1f / totals[q], out, at, headDim);
    }
}
