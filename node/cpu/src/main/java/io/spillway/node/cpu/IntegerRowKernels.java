package io.spillway.node.cpu;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.spillway.node.compute.DType;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;

/**
 * One row of rounded activations by one panel of integer weights, from the first column to the last: what decoding alone is
 * made of, and bounded by memory. One method per format, so that scales are read where they stand. Stateless.
 */
final class IntegerRowKernels {
    private static final int LANES = PairKernels.LANES;
    private static final int PANEL = DType.PANEL_ROWS;
    private static final int PAIRS = RoundedRows.BLOCK_PAIRS;
    private static final int QUAD = PairKernels.QUAD_BYTES;
    private static final int Q8_0_BYTES = DType.Q8_0.panelBlockBytes();
    private static final int Q4_0_BYTES = DType.Q4_0.panelBlockBytes();
    private static final int Q4_K_BYTES = DType.Q4_K.panelBlockBytes();
    private static final int Q4_M_BYTES = DType.Q4_M.panelBlockBytes();
    private static final int Q8_G_BYTES = DType.Q8_G.panelBlockBytes();
    private static final int Q8_M_BYTES = DType.Q8_M.panelBlockBytes();

    private IntegerRowKernels() {
    }

    /** Writes 16 outputs of the tile's first row. */
    static void panel(final IntegerTile t) {
        for (int lane = 0; lane < PANEL; lane += LANES) {
            switch (t.dtype) {
                case Q8_0 -> q80(t, lane);
                case Q4_0 -> q40(t, lane);
                case Q4_K -> q4k(t, lane);
                case Q4_M -> q4m(t, lane);
                case Q8_G -> q8g(t, lane);
                case Q8_M -> q8m(t, lane);
                default -> throw new IllegalStateException(t.dtype + " holds no integers");
            }
        }
    }

    /** Products of 16 columns of int8. */
    private static IntVector quads4(final MemorySegment w, final long at, final int[] pairs, final int x, final IntVector sum) {
        final IntVector first = PairKernels.quad(w, at, pairs, x, sum);
        final IntVector second = PairKernels.quad(w, at + QUAD, pairs, x + 1, first);
        final IntVector third = PairKernels.quad(w, at + 2 * QUAD, pairs, x + 2, second);
        return PairKernels.quad(w, at + 3 * QUAD, pairs, x + 3, third);
    }

    /** Products of 32 columns of nibbles. */
    private static IntVector nibbles(final MemorySegment w, final long at, final int[] pairs, final int x) {
        final ShortVector first = PairKernels.nibbles(PairKernels.load(w, at), pairs, x, ShortVector.zero(PairKernels.S));
        final ShortVector second = PairKernels.nibbles(PairKernels.load(w, at + QUAD), pairs, x + 1, first);
        final ShortVector third = PairKernels.nibbles(PairKernels.load(w, at + 2 * QUAD), pairs, x + 2, second);
        return PairKernels.widen(PairKernels.nibbles(PairKernels.load(w, at + 3 * QUAD), pairs, x + 3, third), IntVector.zero(PairKernels.I));
    }

    private static FloatVector floats(final MemorySegment w, final long at) {
        return FloatVector.fromMemorySegment(PairKernels.F, w, at, LITTLE_ENDIAN);
    }

    private static void q80(final IntegerTile t, final int lane) {
        final MemorySegment w = t.weights;
        final int[] pairs = t.x.pairs;
        final float[] scales = t.x.scales;
        final int x0 = t.firstRow * t.x.pairStride();
        final int s0 = t.firstRow * t.x.scaleStride();
        final int blocks = t.x.scaleStride();
        final long w0 = t.panelOffset + lane * 4L;
        final long scale0 = t.panelOffset + ScaleKernels.INT8S_BYTES + lane * 2L;
        FloatVector sum = FloatVector.zero(PairKernels.F);
        for (int b = 0; b < blocks; b++) {
            final long at = w0 + b * (long) Q8_0_BYTES;
            final int x = x0 + b * PAIRS;
            final IntVector low = quads4(w, at, pairs, x, IntVector.zero(PairKernels.I));
            final IntVector high = quads4(w, at + 4 * QUAD, pairs, x + 4, IntVector.zero(PairKernels.I));
            final FloatVector scale = ExpandKernels.half(w, scale0 + b * (long) Q8_0_BYTES).mul(scales[s0 + b]);
            sum = PairKernels.toFloats(low.add(high)).fma(scale, sum);
        }
        sum.intoArray(t.y, t.yOffset + lane);
    }

    private static void q8g(final IntegerTile t, final int lane) {
        final MemorySegment w = t.weights;
        final int[] pairs = t.x.pairs;
        final float[] scales = t.x.scales;
        final int x0 = t.firstRow * t.x.pairStride();
        final int s0 = t.firstRow * t.x.scaleStride();
        final int blocks = t.x.scaleStride();
        final long w0 = t.panelOffset + lane * 4L;
        FloatVector sum = FloatVector.zero(PairKernels.F);
        for (int b = 0; b < blocks; b++) {
            final long at = w0 + b * (long) Q8_G_BYTES;
            final int x = x0 + b * PAIRS;
            final float scale = scales[s0 + b];
            final IntVector low = quads4(w, at, pairs, x, IntVector.zero(PairKernels.I));
            final IntVector high = quads4(w, at + 4 * QUAD, pairs, x + 4, IntVector.zero(PairKernels.I));
            sum = PairKernels.toFloats(low).fma(floats(w, at + ScaleKernels.INT8S_BYTES).mul(scale), sum);
            sum = PairKernels.toFloats(high).fma(floats(w, at + ScaleKernels.INT8S_BYTES + ScaleKernels.ROW_BYTES).mul(scale), sum);
        }
        sum.intoArray(t.y, t.yOffset + lane);
    }

    private static void q8m(final IntegerTile t, final int lane) {
        final MemorySegment w = t.weights;
        final int[] pairs = t.x.pairs;
        final int x0 = t.firstRow * t.x.pairStride();
        final int s0 = t.firstRow * t.x.scaleStride();
        final int sums0 = t.firstRow * t.x.sumStride();
        final int blocks = t.x.scaleStride();
        final long w0 = t.panelOffset + lane * 4L;
        FloatVector sum = FloatVector.zero(PairKernels.F);
        for (int b = 0; b < blocks; b++) {
            final long at = w0 + b * (long) Q8_M_BYTES;
            final long scaleAt = at + ScaleKernels.INT8S_BYTES;
            final int x = x0 + b * PAIRS;
            final float scale = t.x.scales[s0 + b];
            final IntVector low = quads4(w, at, pairs, x, IntVector.zero(PairKernels.I));
            sum = PairKernels.toFloats(low).fma(floats(w, scaleAt).mul(scale), sum);
            sum = PairKernels.subtract(floats(w, scaleAt + 2 * ScaleKernels.ROW_BYTES).mul(scale), t.x.sums[sums0 + 2 * b], sum);
            final IntVector high = quads4(w, at + 4 * QUAD, pairs, x + 4, IntVector.zero(PairKernels.I));
            sum = PairKernels.toFloats(high).fma(floats(w, scaleAt + ScaleKernels.ROW_BYTES).mul(scale), sum);
            sum = PairKernels.subtract(floats(w, scaleAt + 3 * ScaleKernels.ROW_BYTES).mul(scale), t.x.sums[sums0 + 2 * b + 1], sum);
        }
        sum.intoArray(t.y, t.yOffset + lane);
    }

    private static void q40(final IntegerTile t, final int lane) {
        final MemorySegment w = t.weights;
        final int[] pairs = t.x.pairs;
        final float[] scales = t.x.scales;
        final int[] sums = t.x.sums;
        final int x0 = t.firstRow * t.x.pairStride();
        final int s0 = t.firstRow * t.x.scaleStride();
        final int sums0 = t.firstRow * t.x.sumStride();
        final int blocks = t.x.scaleStride();
        final long w0 = t.panelOffset + lane * 4L;
        final long scale0 = t.panelOffset + ScaleKernels.NIBBLES_BYTES + lane * 2L;
        FloatVector sum = FloatVector.zero(PairKernels.F);
        for (int b = 0; b < blocks; b++) {
            final IntVector products = nibbles(w, w0 + b * (long) Q4_0_BYTES, pairs, x0 + b * PAIRS)
                    .sub(t.zero * (sums[sums0 + 2 * b] + sums[sums0 + 2 * b + 1]));
            final FloatVector scale = ExpandKernels.half(w, scale0 + b * (long) Q4_0_BYTES).mul(scales[s0 + b]);
            sum = PairKernels.toFloats(products).fma(scale, sum);
        }
        sum.intoArray(t.y, t.yOffset + lane);
    }

    private static void q4m(final IntegerTile t, final int lane) {
        final MemorySegment w = t.weights;
        final int[] pairs = t.x.pairs;
        final int[] sums = t.x.sums;
        final int x0 = t.firstRow * t.x.pairStride();
        final int s0 = t.firstRow * t.x.scaleStride();
        final int sums0 = t.firstRow * t.x.sumStride();
        final int blocks = t.x.scaleStride();
        final long w0 = t.panelOffset + lane * 4L;
        FloatVector sum = FloatVector.zero(PairKernels.F);
        for (int b = 0; b < blocks; b++) {
            final long at = w0 + b * (long) Q4_M_BYTES;
            final float scale = t.x.scales[s0 + b];
            sum = PairKernels.toFloats(nibbles(w, at, pairs, x0 + b * PAIRS)).fma(floats(w, at + ScaleKernels.NIBBLES_BYTES).mul(scale), sum);
            sum = PairKernels.subtract(floats(w, at + ScaleKernels.NIBBLES_BYTES + ScaleKernels.ROW_BYTES).mul(scale), (sums[sums0 + 2 * b] + sums[sums0 + 2 * b + 1]), sum);
        }
        sum.intoArray(t.y, t.yOffset + lane);
    }

    private static void q4k(final IntegerTile t, final int lane) {
        FloatVector.zero(PairKernels.F).intoArray(t.y, t.yOffset + lane);
        for (int block = 0; block < t.x.scaleStride() / 8; block++) {
            superBlock(t, lane, block);
        }
    }

    private static void superBlock(final IntegerTile t, final int lane, final int block) {
        final MemorySegment w = t.weights;
        final int[] pairs = t.x.pairs;
        final int[] sums = t.x.sums;
        final int x0 = t.firstRow * t.x.pairStride() + block * 8 * PAIRS;
        final int s0 = t.firstRow * t.x.scaleStride() + block * 8;
        final int sums0 = t.firstRow * t.x.sumStride() + block * 16;
        final long at = t.panelOffset + block * (long) Q4_K_BYTES;
        final FloatVector d = ExpandKernels.half(w, at + lane * 2L);
        final FloatVector dmin = ExpandKernels.half(w, at + (PANEL + lane) * 2L);
        FloatVector sum = FloatVector.fromArray(PairKernels.F, t.y, t.yOffset + lane);
        for (int part = 0; part < 8; part++) {
            final long from = at + ScaleKernels.Q4_K_HEAD_BYTES + part * (long) ScaleKernels.Q4_K_PART_BYTES;
            final long codes = from + ScaleKernels.NIBBLES_BYTES + lane;
            final float scale = t.x.scales[s0 + part];
            sum = PairKernels.toFloats(nibbles(w, from + lane * 4L, pairs, x0 + part * PAIRS))
                    .fma(d.mul(ExpandKernels.unsignedBytes(w, codes)).mul(scale), sum);
            sum = PairKernels.subtract(dmin.mul(ExpandKernels.unsignedBytes(w, codes + PANEL)).mul(scale),
                    (sums[sums0 + 2 * part] + sums[sums0 + 2 * part + 1]), sum);
        }
        sum.intoArray(t.y, t.yOffset + lane);
    }
}
