package io.spillway.node.compute;

import io.spillway.domain.kv.KvLayout;

/**
 * The specification of {@link TensorOps#attend}.
 *
 * <p>A query meets the blocks of a range of {@link #RANGE_TOKENS} positions one after the other with an online softmax;
 * ranges begin at multiples of that number and are merged in their order. So the result depends on the sequence alone, and
 * different workers may take different ranges. Exactly, for a query q (scaled by the rule) and the visible tokens of a block:
 * <pre>
 * score_t  = fma over d, in order, from 0: q_d · number_dt           (numbers as stored: {@link KvElements#keyNumber})
 *            quantised: · scale_t;  I4: fma(that, scale_t, minimum_t · sum(q)), sum(q) in sixteen lanes
 *            softcap c: c · tanh(score_t / c)
 * maximum' = the greatest of maximum and all score_t;  decay = exp(maximum − maximum')
 * w_t      = exp(score_t − maximum')
 * total    = fma(total, decay, Σ w_t in sixteen lanes by t mod 16)
 * offset   = fma(offset, decay, Σ fma(w_t, minimum_t) in sixteen lanes)         (I4 values; else it stays 0)
 * sum_d    = fma over t, in order, from sum_d · decay: w_t · number_td          (quantised: (w_t · scale_t) · number_td)
 * </pre>
 * and at the end {@code out_d = (sum_d + (offset + 0)) · (1 / total)}. That turns −0 into 0, so a
 * kernel may count invisible tokens in with weight 0 as long as their stored numbers are finite.
 */
public final class ScalarAttention {
    /** Positions whose partial result is computed on its own, a multiple of every block's tokens. */
    public static final int RANGE_TOKENS = KvLayout.BLOCK_TOKENS_MAX;

    private ScalarAttention() {
    }

    static void attend(final KvRows kv, final int layer, final AttentionRule rule, final Tensor queries, final Tensor out) {
        final int headDim = kv.layout().headDim();
        final int heads = queries.width() / headDim;
        final int group = heads / kv.kvHeads();
        final float[] values = new float[headDim];
        for (int r = 0; r < kv.rowCount(); r++) {
            for (int head = 0; head < heads; head++) {
                for (int d = 0; d < headDim; d++) {
                    values[d] = queries.values()[r * queries.width() + head * headDim + d] * rule.scale();
                }
                final ScalarSoftmax softmax = attendHead(new HeadAt(kv, layer, r, head / group), rule, new Query(values));
                if (rule.sinks() != null) {
                    softmax.addSink(rule.sinks()[head]);
                }
                softmax.write(out.values(), r * out.width() + head * headDim);
            }
        }
    }

    private static ScalarSoftmax attendHead(final HeadAt at, final AttentionRule rule, final Query query) {
        final int position = at.kv.position(at.row);
        final ScalarSoftmax whole = new ScalarSoftmax(query.values.length);
        int from = rule.firstVisible(position);
        while (from <= position) {
            final int to = Math.min(position + 1, (from / RANGE_TOKENS + 1) * RANGE_TOKENS);
            whole.merge(attendRange(at, rule, query, from, to));
            from = to;
        }
        return whole;
    }

    /** Positions {@code from} to {@code to}, exclusive, all of one range. */
    private static ScalarSoftmax attendRange(final HeadAt at, final AttentionRule rule, final Query query, final int from, final int to) {
        final int blockTokens = at.kv.layout().blockTokens();
        final float[] scores = new float[blockTokens];
        final ScalarSoftmax part = new ScalarSoftmax(query.values.length);
        for (int block = from / blockTokens; block * blockTokens < to; block++) {
            final int first = Math.max(0, from - block * blockTokens);
            final int end = Math.min(blockTokens, to - block * blockTokens);
            for (int t = first; t < end; t++) {
                final float score = query.score(at, block, t);
                scores[t] = rule.softcap() == 0 ? score : rule.softcap() * Exp.tanh(score / rule.softcap());
            }
            part.addBlock(at.values(block), new ScalarSoftmax.Span(first, end), scores);
        }
        return part;
    }

    /** A scaled query. @param sum of its values in sixteen lanes */
    private record Query(float[] values, float sum) {
        Query(final float[] values) {
            this(values, laneSum(values));
        }

        private static float laneSum(final float[] values) {
            final float[] lanes = new float[Lanes.COUNT];
            for (int d = 0; d < values.length; d++) {
                lanes[d % Lanes.COUNT] += values[d];
            }
            return Lanes.sum(lanes);
        }

        float score(final HeadAt at, final int block, final int token) {
            final KvLayout layout = at.kv.layout();
            final long keys = at.kv.blockOffset(at.row, block) + at.kv.keyOffset(at.layer, at.kvHead);
            float score = 0;
            for (int d = 0; d < values.length; d++) {
                score = Math.fma(values[d], KvElements.keyNumber(at.kv.slab(), layout, keys, d, token), score);
            }
            return switch (layout.element()) {
                case F32, F16, BF16 -> score;
                case F8, I8 -> score * KvElements.scale(at.kv.slab(), layout, keys, token);
                case I4 -> Math.fma(score, KvElements.scale(at.kv.slab(), layout, keys, token),
                        KvElements.minimum(at.kv.slab(), layout, keys, token) * sum);
            };
        }
    }

    /** A row's view of one key-value head in one layer. */
    private record HeadAt(KvRows kv, int layer, int row, int kvHead) {
        ScalarSoftmax.Values values(final int block) {
            return new ScalarSoftmax.Values(kv.slab(), kv.layout(),
                    kv.blockOffset(row, block) + kv.valueOffset(layer, kvHead));
        }
    }
}
