package io.spillway.node.compute;

import io.spillway.domain.kv.KvLayout;

/**
 * The specification of {@link TensorOps#attend}.
 *
 * <p>A query meets the blocks of a range of {@link #RANGE_TOKENS} positions one after the other with an online softmax;
 * ranges begin at multiples of that number and are merged in their order. So the result depends on the sequence alone, and
 * different workers may take different ranges.
 */
public final class ScalarAttention {
    /** Positions whose partial result is computed on its own, a multiple of every block's tokens. */
    public static final int RANGE_TOKENS = 1 << 20;

    private ScalarAttention() {
    }

    static void attend(final KvRows kv, final int layer, final AttentionRule rule, final Tensor queries, final Tensor out) {
        final int headDim = kv.layout().headDim();
        final int heads = queries.width() / headDim;
        final int group = heads / kv.layout().kvHeads();
        final float[] query = new float[headDim];
        for (int r = 0; r < kv.rowCount(); r++) {
            for (int head = 0; head < heads; head++) {
                for (int d = 0; d < headDim; d++) {
                    query[d] = queries.values()[r * queries.width() + head * headDim + d] * rule.scale();
                }
                final Softmax softmax = attendHead(new HeadAt(kv, layer, r, head / group), rule, query);
                if (rule.sinks() != null) {
                    softmax.addSink(rule.sinks()[head]);
                }
                softmax.write(out.values(), r * out.width() + head * headDim);
            }
        }
    }

    private static Softmax attendHead(final HeadAt at, final AttentionRule rule, final float[] query) {
        final int position = at.kv.position(at.row);
        final Softmax whole = new Softmax(query.length);
        int from = rule.firstVisible(position);
        while (from <= position) {
            final int to = Math.min(position + 1, (from / RANGE_TOKENS + 1) * RANGE_TOKENS);
            whole.merge(attendRange(at, rule, query, from, to));
            from = to;
        }
        return whole;
    }

    /** Positions {@code from} to {@code to}, exclusive, all of one range. */
    private static Softmax attendRange(final HeadAt at, final AttentionRule rule, final float[] query, final int from, final int to) {
        final int blockTokens = at.kv.layout().blockTokens();
        final float[] weights = new float[blockTokens];
        final Softmax part = new Softmax(query.length);
        for (int block = from / blockTokens; block * blockTokens < to; block++) {
            final int first = Math.max(0, from - block * blockTokens);
            final int end = Math.min(blockTokens, to - block * blockTokens);
            part.addBlock(at, block, new Span(first, end), rule.softcap(), query, weights);
        }
        return part;
    }

    /** Visible tokens of a block. */
    private record Span(int first, int end) { }

    /** A row's view of one key-value head in one layer. */
    private record HeadAt(KvRows kv, int layer, int row, int kvHead) {
        float key(final int block, final int dim, final int token) {
            final KvLayout layout = kv.layout();
            final long at = kv.blockOffset(row, block) + layout.keyOffset(layer, kvHead);
            return KvElements.get(kv.slab(), layout.element(), at, (long) dim * layout.blockTokens() + token);
        }

        float value(final int block, final int token, final int dim) {
            final KvLayout layout = kv.layout();
            final long at = kv.blockOffset(row, block) + layout.valueOffset(layer, kvHead);
            return KvElements.get(kv.slab(), layout.element(), at, (long) token * layout.headDim() + dim);
        }
    }

    /** A softmax in progress: greatest score, sum of exponentials, sum of values weighted by them. */
    private static final class Softmax {
        private final float[] sum;
        private float maximum = Float.NEGATIVE_INFINITY;
        private float total;

        private Softmax(final int headDim) {
            sum = new float[headDim];
        }

        private void addBlock(final HeadAt at, final int block, final Span span, final float softcap, final float[] query,
                final float[] weights) {
            final float before = maximum;
            for (int t = span.first; t < span.end; t++) {
                float score = 0;
                for (int d = 0; d < query.length; d++) {
                    score = Math.fma(query[d], at.key(block, d, t), score);
                }
                weights[t] = softcap == 0 ? score : softcap * Exp.tanh(score / softcap);
                maximum = Math.max(maximum, weights[t]);
            }
            final float decay = Exp.of(before - maximum);
            total = Math.fma(total, decay, exponentials(weights, span));
            for (int d = 0; d < sum.length; d++) {
                float value = sum[d] * decay;
                for (int t = span.first; t < span.end; t++) {
                    value = Math.fma(weights[t], at.value(block, t, d), value);
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

        /** What comes later. Merging into an empty one copies it. */
        private void merge(final Softmax part) {
            final float greatest = Math.max(maximum, part.maximum);
            final float decay = Exp.of(maximum - greatest);
            final float partDecay = Exp.of(part.maximum - greatest);
            total = Math.fma(total, decay, part.total * partDecay);
            for (int d = 0; d < sum.length; d++) {
                sum[d] = Math.fma(sum[d], decay, part.sum[d] * partDecay);
            }
            maximum = greatest;
        }

        /** A score without a value. */
        private void addSink(final float sink) {
            final float greatest = Math.max(maximum, sink);
            final float decay = Exp.of(maximum - greatest);
            total = Math.fma(total, decay, Exp.of(sink - greatest));
            for (int d = 0; d < sum.length; d++) {
                sum[d] *= decay;
            }
            maximum = greatest;
        }

        private void write(final float[] out, final int at) {
            final float inverse = 1f / total;
            for (int d = 0; d < sum.length; d++) {
                out[at + d] = sum[d] * inverse;
            }
        }
    }
}
