package io.spillway.node.cpu;

import io.spillway.node.compute.Exp;
import io.spillway.node.compute.Lanes;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** What happens to the scores of one query and one block, and to its sums. Vector body, scalar edges, the same bits. Stateless. */
final class SoftmaxKernels {
    private static final VectorSpecies<Float> F = VectorWidth.FLOATS;
    private static final int LANES = F.length();

    private SoftmaxKernels() {
    }

    /** {@code x *= factors}, from to to: places within {@code x} from {@code at} on, and within the factors. */
    static void multiply(final float[] x, final int at, final int from, final int to, final float[] factors) {
        int t = from;
        for (; t + LANES <= to; t += LANES) {
            FloatVector.fromArray(F, x, at + t).mul(FloatVector.fromArray(F, factors, t)).intoArray(x, at + t);
        }
        for (; t < to; t++) {
            x[at + t] *= factors[t];
        }
    }

    /** {@code x = fma(x, factors, shifts · sum)}. */
    static void shift(final float[] x, final int at, final int to, final KvScales scales, final float sum) {
        int t = 0;
        for (; t + LANES <= to; t += LANES) {
            FloatVector.fromArray(F, x, at + t).fma(FloatVector.fromArray(F, scales.keyScales, t),
                    FloatVector.fromArray(F, scales.keyMinima, t).mul(sum)).intoArray(x, at + t);
        }
        for (; t < to; t++) {
            x[at + t] = Math.fma(x[at + t], scales.keyScales[t], scales.keyMinima[t] * sum);
        }
    }

    /** {@code x = cap · tanh(x / cap)}. */
    static void cap(final float[] x, final int at, final int from, final int to, final float cap) {
        int t = from;
        for (; t + LANES <= to; t += LANES) {
            final FloatVector e = RowKernels.exp(FloatVector.fromArray(F, x, at + t).div(cap).mul(2f));
            FloatVector.broadcast(F, 1f).sub(FloatVector.broadcast(F, 2f).div(e.add(1f))).mul(cap).intoArray(x, at + t);
        }
        for (; t < to; t++) {
            x[at + t] = cap * Exp.tanh(x[at + t] / cap);
        }
    }

    /** @return the greatest of {@code before} and the scores from to to */
    static float maximum(final float[] scores, final int at, final int from, final int to, final float before) {
        float maximum = before;
        int t = from;
        if (to - from >= LANES) {
            FloatVector greatest = FloatVector.fromArray(F, scores, at + from);
            for (t = from + LANES; t + LANES <= to; t += LANES) {
                greatest = greatest.max(FloatVector.fromArray(F, scores, at + t));
            }
            maximum = Math.max(maximum, greatest.reduceLanes(VectorOperators.MAX));
        }
        for (; t < to; t++) {
            maximum = Math.max(maximum, scores[at + t]);
        }
        return maximum;
    }

    /** @return the greatest magnitude of the first {@code count} numbers */
    static float greatest(final float[] x, final int count) {
        FloatVector greatest = FloatVector.zero(F);
        int i = 0;
        for (; i + LANES <= count; i += LANES) {
            greatest = greatest.max(FloatVector.fromArray(F, x, i).abs());
        }
        float rest = 0;
        for (; i < count; i++) {
            rest = Math.max(rest, Math.abs(x[i]));
        }
        return Math.max(rest, greatest.reduceLanes(VectorOperators.MAX));
    }

    /** Scores from to to become exp(score − maximum). @param lanes scratch of 16 @return their sum, in sixteen lanes */
    static float exponentials(final float[] scores, final int at, final int from, final int to, final float maximum, final float[] lanes) {
        final int aligned = Math.min(to, Math.ceilDiv(from, Lanes.COUNT) * Lanes.COUNT);
        final int grouped = Math.max(aligned, to - to % Lanes.COUNT);
        Arrays.fill(lanes, 0f);
        edge(scores, at, from, aligned, maximum, lanes);
        for (int lane = 0; lane < Lanes.COUNT; lane += LANES) {
            FloatVector sum = FloatVector.fromArray(F, lanes, lane);
            for (int t = aligned + lane; t < grouped; t += Lanes.COUNT) {
                final FloatVector e = RowKernels.exp(FloatVector.fromArray(F, scores, at + t).sub(maximum));
                e.intoArray(scores, at + t);
                sum = sum.add(e);
            }
            sum.intoArray(lanes, lane);
        }
        edge(scores, at, grouped, to, maximum, lanes);
        return Lanes.sum(lanes);
    }

    private static void edge(final float[] scores, final int at, final int from, final int to, final float maximum, final float[] lanes) {
        for (int t = from; t < to; t++) {
            scores[at + t] = Exp.of(scores[at + t] - maximum);
            lanes[t % Lanes.COUNT] += scores[at + t];
        }
    }

    /** @param lanes scratch of 16 @return Σ x · factors from to to, in sixteen lanes */
    static float product(final float[] x, final int at, final int from, final int to, final float[] factors, final float[] lanes) {
        final int aligned = Math.min(to, Math.ceilDiv(from, Lanes.COUNT) * Lanes.COUNT);
        final int grouped = Math.max(aligned, to - to % Lanes.COUNT);
        Arrays.fill(lanes, 0f);
        productEdge(x, at, from, aligned, factors, lanes);
        for (int lane = 0; lane < Lanes.COUNT; lane += LANES) {
            FloatVector sum = FloatVector.fromArray(F, lanes, lane);
            for (int t = aligned + lane; t < grouped; t += Lanes.COUNT) {
                sum = FloatVector.fromArray(F, x, at + t).fma(FloatVector.fromArray(F, factors, t), sum);
            }
            sum.intoArray(lanes, lane);
        }
        productEdge(x, at, grouped, to, factors, lanes);
        return Lanes.sum(lanes);
    }

    private static void productEdge(final float[] x, final int at, final int from, final int to, final float[] factors, final float[] lanes) {
        for (int t = from; t < to; t++) {
            lanes[t % Lanes.COUNT] = Math.fma(x[at + t], factors[t], lanes[t % Lanes.COUNT]);
        }
    }

    /** @param lanes scratch of 16 @return Σ x, in sixteen lanes */
    static float sum(final float[] x, final int at, final int count, final float[] lanes) {
        Arrays.fill(lanes, 0f);
        for (int d = 0; d < count; d++) {
            lanes[d % Lanes.COUNT] += x[at + d];
        }
        return Lanes.sum(lanes);
    }

    /** {@code sums = fma(sums, decay, part · partDecay)}. */
    static void merge(final float[] sums, final int at, final float decay, final float[] part, final int partAt, final float partDecay,
            final int width) {
        int d = 0;
        for (; d + LANES <= width; d += LANES) {
            FloatVector.fromArray(F, sums, at + d).fma(FloatVector.broadcast(F, decay),
                    FloatVector.fromArray(F, part, partAt + d).mul(partDecay)).intoArray(sums, at + d);
        }
        for (; d < width; d++) {
            sums[at + d] = Math.fma(sums[at + d], decay, part[partAt + d] * partDecay);
        }
    }

    /** {@code out = (sums + shift) · inverse}. */
    static void finish(final float[] sums, final int at, final float shift, final float inverse, final float[] out, final int outAt,
            final int width) {
        int d = 0;
        for (; d + LANES <= width; d += LANES) {
            FloatVector.fromArray(F, sums, at + d).add(shift).mul(inverse).intoArray(out, outAt + d);
        }
        for (; d < width; d++) {
            out[outAt + d] = (sums[at + d] + shift) * inverse;
        }
    }
}
