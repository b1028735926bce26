package io.spillway.node.cpu;

import io.spillway.node.compute.Exp;
import io.spillway.node.compute.Lanes;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** Operations on single rows: norms, rotation, activation, softmax. Vector body, scalar tail, the same bits. Stateless. */
final class RowKernels {
    private static final VectorSpecies<Float> F = VectorWidth.FLOATS;
    private static final int LANES = F.length();

    private RowKernels() {
    }

    /** Sum of squares of {@code width} numbers in sixteen lanes. @param lanes scratch of 16 */
    static float squares(final float[] in, final int at, final int width, final float[] lanes) {
        final int grouped = width - width % Lanes.COUNT;
        for (int lane = 0; lane < Lanes.COUNT; lane += LANES) {
            FloatVector sum = FloatVector.zero(F);
            for (int i = lane; i < grouped; i += Lanes.COUNT) {
                final FloatVector v = FloatVector.fromArray(F, in, at + i);
                sum = v.fma(v, sum);
            }
            sum.intoArray(lanes, lane);
        }
        for (int i = grouped; i < width; i++) {
            lanes[i % Lanes.COUNT] = Math.fma(in[at + i], in[at + i], lanes[i % Lanes.COUNT]);
        }
        return Lanes.sum(lanes);
    }

    /** {@code out = in · scale · gain}. */
    static void scale(final float[] in, final int at, final float scale, final float[] gain, final float[] out) {
        int i = 0;
        for (; i + LANES <= gain.length; i += LANES) {
            FloatVector.fromArray(F, in, at + i).mul(scale).mul(FloatVector.fromArray(F, gain, i)).intoArray(out, at + i);
        }
        for (; i < gain.length; i++) {
            out[at + i] = in[at + i] * scale * gain[i];
        }
    }

    /** {@code out[outAt…] = in[inAt…] · factor}. */
    static void multiply(final float[] in, final int inAt, final float factor, final float[] out, final int outAt, final int width) {
        int i = 0;
        for (; i + LANES <= width; i += LANES) {
            FloatVector.fromArray(F, in, inAt + i).mul(factor).intoArray(out, outAt + i);
        }
        for (; i < width; i++) {
            out[outAt + i] = in[inAt + i] * factor;
        }
    }

    /** Rotates one head in place. @param at first element of the head @param angles first cosine and sine of the row */
    static void rotate(final float[] x, final int at, final float[] cosines, final float[] sines, final int angles, final int half) {
        int i = 0;
        for (; i + LANES <= half; i += LANES) {
            final FloatVector cos = FloatVector.fromArray(F, cosines, angles + i);
            final FloatVector sin = FloatVector.fromArray(F, sines, angles + i);
            final FloatVector a = FloatVector.fromArray(F, x, at + i);
            final FloatVector b = FloatVector.fromArray(F, x, at + half + i);
            a.fma(cos, b.mul(sin).neg()).intoArray(x, at + i);
            b.fma(cos, a.mul(sin)).intoArray(x, at + half + i);
        }
        for (; i < half; i++) {
            final float cos = cosines[angles + i];
            final float sin = sines[angles + i];
            final float a = x[at + i];
            final float b = x[at + half + i];
            x[at + i] = Math.fma(a, cos, -(b * sin));
            x[at + half + i] = Math.fma(b, cos, a * sin);
        }
    }

    /** {@code gate = silu(gate) · up} for elements from, inclusive, to to, exclusive. */
    static void swiGlu(final float[] gate, final float[] up, final int from, final int to) {
        int i = from;
        for (; i + LANES <= to; i += LANES) {
            final FloatVector x = FloatVector.fromArray(F, gate, i);
            x.div(exp(x.neg()).add(1f)).mul(FloatVector.fromArray(F, up, i)).intoArray(gate, i);
        }
        for (; i < to; i++) {
            gate[i] = gate[i] / (1f + Exp.of(-gate[i])) * up[i];
        }
    }

    /** {@code x += delta} for elements from, inclusive, to to, exclusive. */
    static void add(final float[] x, final float[] delta, final int from, final int to) {
        int i = from;
        for (; i + LANES <= to; i += LANES) {
            FloatVector.fromArray(F, x, i).add(FloatVector.fromArray(F, delta, i)).intoArray(x, i);
        }
        for (; i < to; i++) {
            x[i] += delta[i];
        }
    }

    /** {@link Exp#of}, a vector at a time. */
    static FloatVector exp(final FloatVector x) {
        final FloatVector clamped = x.max(-Exp.LIMIT).min(Exp.LIMIT);
        final FloatVector shifted = clamped.mul(Exp.LOG2_E).add(Exp.ROUND);
        final FloatVector n = shifted.sub(Exp.ROUND);
        final FloatVector r = n.fma(FloatVector.broadcast(F, -Exp.LN2_LOW), n.fma(FloatVector.broadcast(F, -Exp.LN2_HIGH), clamped));
        FloatVector p = r.fma(FloatVector.broadcast(F, Exp.C6), FloatVector.broadcast(F, Exp.C5));
        p = p.fma(r, FloatVector.broadcast(F, Exp.C4));
        p = p.fma(r, FloatVector.broadcast(F, Exp.C3));
        p = p.fma(r, FloatVector.broadcast(F, Exp.C2));
        p = p.fma(r, FloatVector.broadcast(F, 1f));
        p = p.fma(r, FloatVector.broadcast(F, 1f));
        final FloatVector power = shifted.reinterpretAsInts().sub(Exp.ROUND_BITS - Exp.EXPONENT_BIAS)
                .lanewise(VectorOperators.LSHL, Exp.MANTISSA_BITS).reinterpretAsFloats();
        return p.mul(power);
    }
}
