package io.spillway.node.compute;

/**
 * The specification of {@link TensorOps} in plain loops: what each result is, bit for bit. Also the kernels of last resort.
 * Thread: one caller at a time.
 */
public final class ScalarOps implements TensorOps {
    @Override
    public void project(final Tensor in, final int rows, final PackedMatrix[] weights, final Tensor[] outs) {
        for (int i = 0; i < weights.length; i++) {
            ScalarProjection.project(in, rows, weights[i], outs[i]);
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
            for (int head = r * x.width(); head < (r + 1) * x.width(); head += rotary.headDim()) {
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
            for (int head = 0; head < kv.kvHeads(); head++) {
                KvElements.storeHead(kv, layer, r, head, keys, values);
            }
        }
    }

    @Override
    public void attend(final KvRows kv, final int layer, final AttentionRule rule, final Tensor queries, final Tensor out) {
        ScalarAttention.attend(kv, layer, rule, queries, out);
    }

    @Override
    public void swiGlu(final Tensor gate, final Tensor up, final int rows) {
        for (int i = 0; i < rows * gate.width(); i++) {
            final float x = gate.values()[i];
            gate.values()[i] = x / (1f + Exp.of(-x)) * up.values()[i];
        }
    }

    @Override
    public void geGlu(final Tensor gate, final Tensor up, final int rows) {
        for (int i = 0; i < rows * gate.width(); i++) {
            gate.values()[i] = Gelu.of(gate.values()[i]) * up.values()[i];
        }
    }

    @Override
    public void clampedSwiGlu(final Tensor gate, final Tensor up, final int rows) {
        for (int i = 0; i < rows * gate.width(); i++) {
            gate.values()[i] = ClampedSwiGlu.of(gate.values()[i], up.values()[i]);
        }
    }

    @Override
    public void softcap(final Tensor x, final int rows, final float cap) {
        for (int i = 0; i < rows * x.width(); i++) {
            x.values()[i] = cap * Exp.tanh(x.values()[i] / cap);
        }
    }

    @Override
    public void addBias(final Tensor x, final int rows, final float[] bias) {
        for (int i = 0; i < rows * x.width(); i++) {
            x.values()[i] += bias[i % x.width()];
        }
    }

    @Override
    public void addWeighted(final Tensor in, final int rows, final RowPlacing placing, final Tensor out) {
        for (int r = 0; r < rows; r++) {
            for (int i = 0; i < in.width(); i++) {
                final int at = placing.targets()[r] * out.width() + i;
                out.values()[at] = Math.fma(in.values()[r * in.width() + i], placing.weights()[r], out.values()[at]);
            }
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
