package io.spillway.node.cpu;

import io.spillway.node.compute.ClampedSwiGlu;
import io.spillway.node.compute.Exp;
import io.spillway.node.compute.Gelu;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** Gated units, caps, biases and weighted sums of rows. Vector body, scalar tail, the same bits. Stateless. */
final class GateKernels {
    private static final VectorSpecies<Float> F = VectorWidth.FLOATS;
    private static final int LANES = F.length();

    private GateKernels() {
    }

    /** {@code gate = gelu(gate) · up} for elements from, inclusive, to to, exclusive. */
    static void geGlu(final float[] gate, final float[] up, final int from, final int to) {
        int i = from;
        for (; i + LANES <= to; i += LANES) {
            final FloatVector x = FloatVector.fromArray(F, gate, i);
            final FloatVector inner = x.mul(x.mul(x).fma(FloatVector.broadcast(F, Gelu.CUBIC), FloatVector.broadcast(F, Gelu.LINEAR)));
            x.div(RowKernels.exp(inner.neg()).add(1f)).mul(FloatVector.fromArray(F, up, i)).intoArray(gate, i);
        }
        for (; i < to; i++) {
            gate[i] = Gelu.of(gate[i]) * up[i];
        }
    }

    /** {@link ClampedSwiGlu} for elements from, inclusive, to to, exclusive. */
    static void clampedSwiGlu(final float[] gate, final float[] up, final int from, final int to) {
        int i = from;
        for (; i + LANES <= to; i += LANES) {
            final FloatVector g = FloatVector.fromArray(F, gate, i).min(ClampedSwiGlu.LIMIT);
            final FloatVector u = FloatVector.fromArray(F, up, i).min(ClampedSwiGlu.LIMIT).max(-ClampedSwiGlu.LIMIT);
            g.div(RowKernels.exp(g.mul(-ClampedSwiGlu.ALPHA)).add(1f)).mul(u.add(1f)).intoArray(gate, i);
        }
        for (; i < to; i++) {
            gate[i] = ClampedSwiGlu.of(gate[i], up[i]);
        }
    }

    /** {@code x = cap · tanh(x / cap)} for elements from, inclusive, to to, exclusive. */
    static void softcap(final float[] x, final int from, final int to, final float cap) {
        int i = from;
        for (; i + LANES <= to; i += LANES) {
            final FloatVector e = RowKernels.exp(FloatVector.fromArray(F, x, i).div(cap).mul(2f));
            FloatVector.broadcast(F, 1f).sub(FloatVector.broadcast(F, 2f).div(e.add(1f))).mul(cap).intoArray(x, i);
        }
        for (; i < to; i++) {
            x[i] = cap * Exp.tanh(x[i] / cap);
        }
    }

    /** {@code x[at…] += bias}. */
    static void addBias(final float[] x, final int at, final float[] bias) {
        int i = 0;
        for (; i + LANES <= bias.length; i += LANES) {
            FloatVector.fromArray(F, x, at + i).add(FloatVector.fromArray(F, bias, i)).intoArray(x, at + i);
        }
        for (; i < bias.length; i++) {
            x[at + i] += bias[i];
        }
    }

    /** {@code out[outAt…] += in[inAt…] · weight}, one rounding each. */
    static void addWeighted(final float[] in, final int inAt, final float weight, final float[] out, final int outAt, final int width) {
        int i = 0;
        for (; i + LANES <= width; i += LANES) {
            FloatVector.fromArray(F, in, inAt + i).fma(FloatVector.broadcast(F, weight), FloatVector.fromArray(F, out, outAt + i))
                    .intoArray(out, outAt + i);
        }
        for (; i < width; i++) {
            out[outAt + i] = Math.fma(in[inAt + i], weight, out[outAt + i]);
        }
    }
}
