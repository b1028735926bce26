package io.spillway.node.compute;

import io.spillway.domain.kv.KvLayout;

/**
 * The specification of {@link TensorOps} in plain loops: what each result is, bit for bit. Also the kernels of last resort.
 * Thread: one caller at a time.
 */
public final class ScalarOps implements TensorOps {
    @Override
    public void project(final Tensor in, final int rows, final PackedMatrix[] weights, final Tensor[] outs) {
        for (int i = 0; i < weights.length; i++) {
            for (int n = 0; n < weights[i].rows(); n++) {
                projectColumn(in, rows, weights[i], n, outs[i]);
            }
        }
    }

    private static void projectColumn(final Tensor in, final int rows, final PackedMatrix weights, final int n, final Tensor out) {
        final float[] weight = new float[weights.columns()];
        weights.readRow(n, weight, 0);
        for (int r = 0; r < rows; r++) {
            float sum = 0;
            for (int k = 0; k < weight.length; k++) {
                sum = Math.fma(in.values()[r * in.width() + k], weight[k], sum);
            }
            out.values()[r * out.width() + n] = sum;
        }
    }

    @Override
    public void rmsNorm(final Tensor in, final int rows, final RmsNorm norm, final Tensor out) {
        for (int r = 0; r < rows; r++) {
            norm(in.values(), r * in.width(), norm, out.values());
        }
    }

    @Override
    public void rmsNormHeads(final Tensor x, final int rows, final RmsNorm norm) {
        final int headDim = norm.gain().length;
        for (int at = 0; at < rows * x.width(); at += headDim) {
            norm(x.values(), at, norm, x.values());
        }
    }

    private static void norm(final float[] in, final int at, final RmsNorm norm, final float[] out) {
        final float[] lanes = new float[Lanes.COUNT];
        final int width = norm.gain().length;
        for (int i = 0; i < width; i++) {
            lanes[i % Lanes.COUNT] = Math.fma(in[at + i], in[at + i], lanes[i % Lanes.COUNT]);
        }
        final float scale = Lanes.inverseRms(Lanes.sum(lanes), width, norm.epsilon());
        for (int i = 0; i < width; i++) {
            out[at + i] = in[at + i] * scale * norm.gain()[i];
        }
    }

    @Override
    public void rotate(final Tensor x, final int rows, final RotaryRows rotary) {
        final int half = rotary.half();
        for (int r = 0; r < rows; r++) {
            for (int head = r * x.width(); head < (r + 1) * x.width(); head += 2 * half) {
                for (int i = 0; i < half; i++) {
                    final float cos = rotary.cosines()[r * half + i];
                    final float sin = rotary.sines()[r * half + i];
                    final float a = x.values()[head + i];
                    final float b = x.values()[head + half + i];
                    x.values()[head + i] = Math.fma(a, cos, -(b * sin));
                    x.values()[head + half + i] = Math.fma(b, cos, a * sin);
                }
            }
        }
    }

    @Override
    public void store(final KvRows kv, final int layer, final Tensor keys, final Tensor values) {
        for (int r = 0; r < kv.rowCount(); r++) {
            for (int head = 0; head < kv.layout().kvHeads(); head++) {
                KvElements.storeHead(kv, layer, r, head, keys, values);
            }
        }
    }

    @Override
    public void attend(final KvRows kv, final int layer, final Tensor queries, final Tensor out) {
        final int headDim = kv.layout().headDim();
        final int heads = queries.width() / headDim;
        final int group = heads / kv.layout().kvHeads();
        final float[] query = new float[headDim];
        for (int r = 0; r < kv.rowCount(); r++) {
            for (int head = 0; head < heads; head++) {
                for (int d = 0; d < headDim; d++) {
                    query[d] = queries.values()[r * queries.width() + head * headDim + d] * Lanes.attentionScale(headDim);
                }
                attendHead(new HeadAt(kv, layer, r, head / group), query, out.values(), r * out.width() + head * headDim);
            }
        }
    }

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

    private static void attendHead(final HeadAt at, final float[] query, final float[] out, final int outAt) {
        final int blockTokens = at.kv.layout().blockTokens();
        final int tokens = at.kv.position(at.row) + 1;
        final float[] weights = new float[blockTokens];
        final float[] sum = new float[query.length];
        float maximum = Float.NEGATIVE_INFINITY;
        float total = 0;
        for (int block = 0; block * blockTokens < tokens; block++) {
            final int count = Math.min(blockTokens, tokens - block * blockTokens);
            final float before = maximum;
            maximum = scores(at, block, query, weights, count, before);
            final float decay = Exp.of(before - maximum);
            total = Math.fma(total, decay, exponentials(weights, count, maximum));
            accumulate(at, block, weights, count, sum, decay);
        }
        final float inverse = 1f / total;
        for (int d = 0; d < sum.length; d++) {
            out[outAt + d] = sum[d] * inverse;
        }
    }

    /** Scores of one block into {@code scores}. @return the greatest so far */
    private static float scores(final HeadAt at, final int block, final float[] query, final float[] scores, final int count,
            final float before) {
        float maximum = before;
        for (int t = 0; t < count; t++) {
            float score = 0;
            for (int d = 0; d < query.length; d++) {
                score = Math.fma(query[d], at.key(block, d, t), score);
            }
            scores[t] = score;
            maximum = Math.max(maximum, score);
        }
        return maximum;
    }

    /** Scores become exp(score − maximum). @return their sum, in sixteen lanes */
    private static float exponentials(final float[] scores, final int count, final float maximum) {
        final float[] lanes = new float[Lanes.COUNT];
        for (int t = 0; t < count; t++) {
            scores[t] = Exp.of(scores[t] - maximum);
            lanes[t % Lanes.COUNT] += scores[t];
        }
        return Lanes.sum(lanes);
    }

    private static void accumulate(final HeadAt at, final int block, final float[] weights, final int count, final float[] sum,
            final float decay) {
        for (int d = 0; d < sum.length; d++) {
            float value = sum[d] * decay;
            for (int t = 0; t < count; t++) {
                value = Math.fma(weights[t], at.value(block, t, d), value);
            }
            sum[d] = value;
        }
    }

    @Override
    public void swiGlu(final Tensor gate, final Tensor up, final int rows) {
        for (int i = 0; i < rows * gate.width(); i++) {
            final float x = gate.values()[i];
            gate.values()[i] = x / (1f + Exp.of(-x)) * up.values()[i];
        }
    }

    @Override
    public void add(final Tensor x, final Tensor delta, final int rows) {
        for (int i = 0; i < rows * x.width(); i++) {
            x.values()[i] += delta.values()[i];
        }
    }

    @Override
    public void close() {
        // owns no memory
    }
}
