package io.spillway.node.compute;

import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import java.lang.foreign.MemorySegment;

/** A softmax in progress, as {@link ScalarAttention} specifies it. One query's; one thread. */
final class ScalarSoftmax {
    private final float[] sum;                         // values weighted by exponentials
    private float maximum = Float.NEGATIVE_INFINITY;   // greatest score
    private float total;                               // of the exponentials
    private float offset;                              // minima weighted by exponentials

    ScalarSoftmax(final int headDim) {
        sum = new float[headDim];
    }

    /** Visible tokens of a block. */
    record Span(int first, int end) { }

    /** The values of a head in a block. */
    record Values(MemorySegment slab, KvLayout layout, long headAt) {
        float number(final int token, final int dim) {
            return KvElements.valueNumber(slab, layout, headAt, token, dim);
        }

        float scale(final int token) {
            return KvElements.scale(slab, layout, headAt, token);
        }

        float minimum(final int token) {
            return KvElements.minimum(slab, layout, headAt, token);
        }
    }

    /** @param scores [blockTokens], those of the span; clobbered */
    void addBlock(final Values values, final Span span, final float[] scores) {
        final float before = maximum;
        for (int t = span.first; t < span.end; t++) {
            maximum = Math.max(maximum, scores[t]);
        }
        final float decay = Exp.of(before - maximum);
        total = Math.fma(total, decay, exponentials(scores, span));
        if (values.layout.element() == KvElement.I4) {
            offset = Math.fma(offset, decay, minima(scores, span, values));
        }
        if (values.layout.element().isQuantised()) {
            for (int t = span.first; t < span.end; t++) {
                scores[t] *= values.scale(t);
            }
        }
        for (int d = 0; d < sum.length; d++) {
            float value = sum[d] * decay;
            for (int t = span.first; t < span.end; t++) {
                value = Math.fma(scores[t], values.number(t, d), value);
            }
            sum[d] = value;
        }
    }

    /** Scores become exp(score − maximum). @return their sum, in sixteen lanes */
    private float exponentials(final float[] scores, final Span span) {
        final float[] lanes = new float[Lanes.COUNT];
        for (int t = span.first; t < span.end; t++) {
            scores[t] = Exp.of(scores[t] - maximum);
            lanes[t % Lanes.COUNT] += scores[t];
        }
        return Lanes.sum(lanes);
    }

    private static float minima(final float[] weights, final Span span, final Values values) {
        final float[] lanes = new float[Lanes.COUNT];
        for (int t = span.first; t < span.end; t++) {
            lanes[t % Lanes.COUNT] = Math.fma(weights[t], values.minimum(t), lanes[t % Lanes.COUNT]);
        }
        return Lanes.sum(lanes);
    }

    /** Adds what comes later. */
    void merge(final ScalarSoftmax part) {
        final float greatest = Math.max(maximum, part.maximum);
        final float decay = Exp.of(maximum - greatest);
        final float partDecay = Exp.of(part.maximum - greatest);
        total = Math.fma(total, decay, part.total * partDecay);
        offset = Math.fma(offset, decay, part.offset * partDecay);
        for (int d = 0; d < sum.length; d++) {
            sum[d] = Math.fma(sum[d], decay, part.sum[d] * partDecay);
        }
        maximum = greatest;
    }

    /** Adds a score without a value. */
    void addSink(final float sink) {
        final float greatest = Math.max(maximum, sink);
        final float decay = Exp.of(maximum - greatest);
        total = Math.fma(total, decay, Exp.of(sink - greatest));
        offset *= decay;
        for (int d = 0; d < sum.length; d++) {
            sum[d] *= decay;
        }
        maximum = greatest;
    }

    void write(final float[] out, final int at) {
        final float inverse = 1f / total;
        final float shift = offset + 0f; // never −0, so that out is not either
        for (int d = 0; d < sum.length; d++) {
            out[at + d] = (sum[d] + shift) * inverse;
        }
    }
}
