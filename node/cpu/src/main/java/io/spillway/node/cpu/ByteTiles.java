package io.spillway.node.cpu;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Some rows of rounded activations by a vector of outputs of int8 weights, straight from stored weights: for batches too small
 * to be worth expanded weights. {@link PairProducts} says how integers are multiplied. Written out because the compiler keeps
 * named vectors in registers and inlines the Vector API's own methods only without limit. Stateless.
 */
final class ByteTiles {
    private static final VectorSpecies<Float> F = PairProducts.F;
    private static final VectorSpecies<Integer> I = PairProducts.I;
    private static final VectorSpecies<Short> S = PairProducts.S;
    private static final int LANES = PairProducts.LANES;
    private static final int PAIRS = RoundedRows.BLOCK_PAIRS;
    private static final int ODD = PairProducts.ODD;
    private static final long QUAD = PairProducts.QUAD_BYTES;
    private static final int PANEL = ScaleKernels.PANEL;
    private static final int UPPER = PairProducts.UPPER;
    private static final long HALF = 4 * QUAD;
    private static final int BLOCK_SUMS = RoundedRows.BLOCK_SUMS;

    private ByteTiles() {
    }

    /** Adds the tile's groups to 16 outputs of {@code rows} rows. */
    static void run(final IntegerTile t, final int rows) {
        for (int lane = 0; lane < ScaleKernels.PANEL; lane += LANES) {
            if (t.hasMinima) {
                rowsWithMinima(t, rows, lane);
            } else {
                rows(t, rows, lane);
            }
        }
    }

    private static void rows(final IntegerTile t, final int rows, final int lane) {
        int row = 0;
        for (; row + 4 <= rows; row += 4) {
            rows4(t, row, lane);
        }
        if ((rows & 2) != 0) {
            rows2(t, row, lane);
            row += 2;
        }
        if ((rows & 1) != 0) {
            rows1(t, row, lane);
        }
    }

    private static void rowsWithMinima(final IntegerTile t, final int rows, final int lane) {
        int row = 0;
        for (; row + 4 <= rows; row += 4) {
            rows4WithMinima(t, row, lane);
        }
        if ((rows & 2) != 0) {
            rows2WithMinima(t, row, lane);
            row += 2;
        }
        if ((rows & 1) != 0) {
            rows1WithMinima(t, row, lane);
        }
    }

    /** 4 rows from there on by a vector of outputs. */
    private static void rows4(final IntegerTile t, final int row, final int lane) {
        final MemorySegment w = t.weights;
        final long at0 = t.panelOffset + lane * 4L;
        final long stride = t.blockStride;
        final int shift = t.groupShift;
        final int mask = t.groupMask;
        final float[] pairs = t.x.pairs;
        final float[] scales = t.x.scales;
        final int x0 = (t.firstRow + row) * t.x.pairStride();
        final int x1 = x0 + t.x.pairStride();
        final int x2 = x1 + t.x.pairStride();
        final int x3 = x2 + t.x.pairStride();
        final int g0 = (t.firstRow + row) * t.x.scaleStride();
        final int g1 = g0 + t.x.scaleStride();
        final int g2 = g1 + t.x.scaleStride();
        final int g3 = g2 + t.x.scaleStride();
        final int y0 = t.yOffset + row * t.yStride + lane;
        final int y1 = y0 + t.yStride;
        final int y2 = y1 + t.yStride;
        final int y3 = y2 + t.yStride;
        final int fromGroup = t.fromGroup;
        final int toGroup = t.toGroup;
        FloatVector f0 = FloatVector.fromArray(F, t.y, y0);
        FloatVector f1 = FloatVector.fromArray(F, t.y, y1);
        FloatVector f2 = FloatVector.fromArray(F, t.y, y2);
        FloatVector f3 = FloatVector.fromArray(F, t.y, y3);
        for (int group = fromGroup; group < toGroup; group++) {
            final int block = group >> shift;
            final int part = group & mask;
            final long at = at0 + block * stride + part * HALF;
            final int x = block * PAIRS + part * UPPER;
            IntVector s0 = IntVector.zero(I);
            IntVector s1 = IntVector.zero(I);
            IntVector s2 = IntVector.zero(I);
            IntVector s3 = IntVector.zero(I);
            for (int quad = 0; quad < t.quads; quad++) {
                final ShortVector weights = ShortVector.fromMemorySegment(S, w, at + quad * QUAD, LITTLE_ENDIAN);
                final ShortVector even = weights.lanewise(LSHL, 8).lanewise(ASHR, 8);
                final ShortVector odd = weights.lanewise(ASHR, 8);
                final int p = x + quad;
                final IntVector b0 = even.mul(FloatVector.broadcast(F, pairs[x0 + p]).reinterpretAsShorts())
                        .add(odd.mul(FloatVector.broadcast(F, pairs[x0 + p + ODD]).reinterpretAsShorts())).reinterpretAsInts();
                s0 = s0.add(b0.lanewise(LSHL, 16).lanewise(ASHR, 16)).add(b0.lanewise(ASHR, 16));
                final IntVector b1 = even.mul(FloatVector.broadcast(F, pairs[x1 + p]).reinterpretAsShorts())
                        .add(odd.mul(FloatVector.broadcast(F, pairs[x1 + p + ODD]).reinterpretAsShorts())).reinterpretAsInts();
                s1 = s1.add(b1.lanewise(LSHL, 16).lanewise(ASHR, 16)).add(b1.lanewise(ASHR, 16));
                final IntVector b2 = even.mul(FloatVector.broadcast(F, pairs[x2 + p]).reinterpretAsShorts())
                        .add(odd.mul(FloatVector.broadcast(F, pairs[x2 + p + ODD]).reinterpretAsShorts())).reinterpretAsInts();
                s2 = s2.add(b2.lanewise(LSHL, 16).lanewise(ASHR, 16)).add(b2.lanewise(ASHR, 16));
                final IntVector b3 = even.mul(FloatVector.broadcast(F, pairs[x3 + p]).reinterpretAsShorts())
                        .add(odd.mul(FloatVector.broadcast(F, pairs[x3 + p + ODD]).reinterpretAsShorts())).reinterpretAsInts();
                s3 = s3.add(b3.lanewise(LSHL, 16).lanewise(ASHR, 16)).add(b3.lanewise(ASHR, 16));
            }
            final FloatVector scale = FloatVector.fromArray(F, t.scales, (group - fromGroup) * PANEL + lane);
            f0 = ((FloatVector) s0.convert(I2F, 0)).fma(scale.mul(scales[g0 + block]), f0);
            f1 = ((FloatVector) s1.convert(I2F, 0)).fma(scale.mul(scales[g1 + block]), f1);
            f2 = ((FloatVector) s2.convert(I2F, 0)).fma(scale.mul(scales[g2 + block]), f2);
            f3 = ((FloatVector) s3.convert(I2F, 0)).fma(scale.mul(scales[g3 + block]), f3);
        }
        f0.intoArray(t.y, y0);
        f1.intoArray(t.y, y1);
        f2.intoArray(t.y, y2);
        f3.intoArray(t.y, y3);
    }

    /** 2 rows from there on by a vector of outputs. */
    private static void rows2(final IntegerTile t, final int row, final int lane) {
        final MemorySegment w = t.weights;
        final long at0 = t.panelOffset + lane * 4L;
        final long stride = t.blockStride;
        final int shift = t.groupShift;
        final int mask = t.groupMask;
        final float[] pairs = t.x.pairs;
        final float[] scales = t.x.scales;
        final int x0 = (t.firstRow + row) * t.x.pairStride();
        final int x1 = x0 + t.x.pairStride();
        final int g0 = (t.firstRow + row) * t.x.scaleStride();
        final int g1 = g0 + t.x.scaleStride();
        final int y0 = t.yOffset + row * t.yStride + lane;
        final int y1 = y0 + t.yStride;
        final int fromGroup = t.fromGroup;
        final int toGroup = t.toGroup;
        FloatVector f0 = FloatVector.fromArray(F, t.y, y0);
        FloatVector f1 = FloatVector.fromArray(F, t.y, y1);
        for (int group = fromGroup; group < toGroup; group++) {
            final int block = group >> shift;
            final int part = group & mask;
            final long at = at0 + block * stride + part * HALF;
            final int x = block * PAIRS + part * UPPER;
            IntVector s0 = IntVector.zero(I);
            IntVector s1 = IntVector.zero(I);
            for (int quad = 0; quad < t.quads; quad++) {
                final ShortVector weights = ShortVector.fromMemorySegment(S, w, at + quad * QUAD, LITTLE_ENDIAN);
                final ShortVector even = weights.lanewise(LSHL, 8).lanewise(ASHR, 8);
                final ShortVector odd = weights.lanewise(ASHR, 8);
                final int p = x + quad;
                final IntVector b0 = even.mul(FloatVector.broadcast(F, pairs[x0 + p]).reinterpretAsShorts())
                        .add(odd.mul(FloatVector.broadcast(F, pairs[x0 + p + ODD]).reinterpretAsShorts())).reinterpretAsInts();
                s0 = s0.add(b0.lanewise(LSHL, 16).lanewise(ASHR, 16)).add(b0.lanewise(ASHR, 16));
                final IntVector b1 = even.mul(FloatVector.broadcast(F, pairs[x1 + p]).reinterpretAsShorts())
                        .add(odd.mul(FloatVector.broadcast(F, pairs[x1 + p + ODD]).reinterpretAsShorts())).reinterpretAsInts();
                s1 = s1.add(b1.lanewise(LSHL, 16).lanewise(ASHR, 16)).add(b1.lanewise(ASHR, 16));
            }
            final FloatVector scale = FloatVector.fromArray(F, t.scales, (group - fromGroup) * PANEL + lane);
            f0 = ((FloatVector) s0.convert(I2F, 0)).fma(scale.mul(scales[g0 + block]), f0);
            f1 = ((FloatVector) s1.convert(I2F, 0)).fma(scale.mul(scales[g1 + block]), f1);
        }
        f0.intoArray(t.y, y0);
        f1.intoArray(t.y, y1);
    }

    /** 1 row from there on by a vector of outputs. */
    private static void rows1(final IntegerTile t, final int row, final int lane) {
        final MemorySegment w = t.weights;
        final long at0 = t.panelOffset + lane * 4L;
        final long stride = t.blockStride;
        final int shift = t.groupShift;
        final int mask = t.groupMask;
        final float[] pairs = t.x.pairs;
        final float[] scales = t.x.scales;
        final int x0 = (t.firstRow + row) * t.x.pairStride();
        final int g0 = (t.firstRow + row) * t.x.scaleStride();
        final int y0 = t.yOffset + row * t.yStride + lane;
        final int fromGroup = t.fromGroup;
        final int toGroup = t.toGroup;
        FloatVector f0 = FloatVector.fromArray(F, t.y, y0);
        for (int group = fromGroup; group < toGroup; group++) {
            final int block = group >> shift;
            final int part = group & mask;
            final long at = at0 + block * stride + part * HALF;
            final int x = block * PAIRS + part * UPPER;
            IntVector s0 = IntVector.zero(I);
            for (int quad = 0; quad < t.quads; quad++) {
                final ShortVector weights = ShortVector.fromMemorySegment(S, w, at + quad * QUAD, LITTLE_ENDIAN);
                final ShortVector even = weights.lanewise(LSHL, 8).lanewise(ASHR, 8);
                final ShortVector odd = weights.lanewise(ASHR, 8);
                final int p = x + quad;
                final IntVector b0 = even.mul(FloatVector.broadcast(F, pairs[x0 + p]).reinterpretAsShorts())
                        .add(odd.mul(FloatVector.broadcast(F, pairs[x0 + p + ODD]).reinterpretAsShorts())).reinterpretAsInts();
                s0 = s0.add(b0.lanewise(LSHL, 16).lanewise(ASHR, 16)).add(b0.lanewise(ASHR, 16));
            }
            final FloatVector scale = FloatVector.fromArray(F, t.scales, (group - fromGroup) * PANEL + lane);
            f0 = ((FloatVector) s0.convert(I2F, 0)).fma(scale.mul(scales[g0 + block]), f0);
        }
        f0.intoArray(t.y, y0);
    }

    /** 4 rows from there on by a vector of outputs, of a format with minima. */
    private static void rows4WithMinima(final IntegerTile t, final int row, final int lane) {
        final MemorySegment w = t.weights;
        final long at0 = t.panelOffset + lane * 4L;
        final long stride = t.blockStride;
        final int shift = t.groupShift;
        final int mask = t.groupMask;
        final float[] pairs = t.x.pairs;
        final float[] scales = t.x.scales;
        final int[] sums = t.x.sums;
        final int x0 = (t.firstRow + row) * t.x.pairStride();
        final int x1 = x0 + t.x.pairStride();
        final int x2 = x1 + t.x.pairStride();
        final int x3 = x2 + t.x.pairStride();
        final int g0 = (t.firstRow + row) * t.x.scaleStride();
        final int g1 = g0 + t.x.scaleStride();
        final int g2 = g1 + t.x.scaleStride();
        final int g3 = g2 + t.x.scaleStride();
        final int y0 = t.yOffset + row * t.yStride + lane;
        final int y1 = y0 + t.yStride;
        final int y2 = y1 + t.yStride;
        final int y3 = y2 + t.yStride;
        final int fromGroup = t.fromGroup;
        final int toGroup = t.toGroup;
        FloatVector f0 = FloatVector.fromArray(F, t.y, y0);
        FloatVector f1 = FloatVector.fromArray(F, t.y, y1);
        FloatVector f2 = FloatVector.fromArray(F, t.y, y2);
        FloatVector f3 = FloatVector.fromArray(F, t.y, y3);
        for (int group = fromGroup; group < toGroup; group++) {
            final int block = group >> shift;
            final int part = group & mask;
            final long at = at0 + block * stride + part * HALF;
            final int x = block * PAIRS + part * UPPER;
            IntVector s0 = IntVector.zero(I);
            IntVector s1 = IntVector.zero(I);
            IntVector s2 = IntVector.zero(I);
            IntVector s3 = IntVector.zero(I);
            for (int quad = 0; quad < t.quads; quad++) {
                final ShortVector weights = ShortVector.fromMemorySegment(S, w, at + quad * QUAD, LITTLE_ENDIAN);
                final ShortVector even = weights.lanewise(LSHL, 8).lanewise(ASHR, 8);
                final ShortVector odd = weights.lanewise(ASHR, 8);
                final int p = x + quad;
                final IntVector b0 = even.mul(FloatVector.broadcast(F, pairs[x0 + p]).reinterpretAsShorts())
                        .add(odd.mul(FloatVector.broadcast(F, pairs[x0 + p + ODD]).reinterpretAsShorts())).reinterpretAsInts();
                s0 = s0.add(b0.lanewise(LSHL, 16).lanewise(ASHR, 16)).add(b0.lanewise(ASHR, 16));
                final IntVector b1 = even.mul(FloatVector.broadcast(F, pairs[x1 + p]).reinterpretAsShorts())
                        .add(odd.mul(FloatVector.broadcast(F, pairs[x1 + p + ODD]).reinterpretAsShorts())).reinterpretAsInts();
                s1 = s1.add(b1.lanewise(LSHL, 16).lanewise(ASHR, 16)).add(b1.lanewise(ASHR, 16));
                final IntVector b2 = even.mul(FloatVector.broadcast(F, pairs[x2 + p]).reinterpretAsShorts())
                        .add(odd.mul(FloatVector.broadcast(F, pairs[x2 + p + ODD]).reinterpretAsShorts())).reinterpretAsInts();
                s2 = s2.add(b2.lanewise(LSHL, 16).lanewise(ASHR, 16)).add(b2.lanewise(ASHR, 16));
                final IntVector b3 = even.mul(FloatVector.broadcast(F, pairs[x3 + p]).reinterpretAsShorts())
                        .add(odd.mul(FloatVector.broadcast(F, pairs[x3 + p + ODD]).reinterpretAsShorts())).reinterpretAsInts();
                s3 = s3.add(b3.lanewise(LSHL, 16).lanewise(ASHR, 16)).add(b3.lanewise(ASHR, 16));
            }
            final FloatVector scale = FloatVector.fromArray(F, t.scales, (group - fromGroup) * PANEL + lane);
            final FloatVector minimum = FloatVector.fromArray(F, t.minima, (group - fromGroup) * PANEL + lane);
            f0 = ((FloatVector) s0.convert(I2F, 0)).fma(scale.mul(scales[g0 + block]), f0);
            f0 = minimum.mul(scales[g0 + block])
                    .fma(FloatVector.broadcast(F, -(float) sums[BLOCK_SUMS * (g0 + block) + part]), f0);
            f1 = ((FloatVector) s1.convert(I2F, 0)).fma(scale.mul(scales[g1 + block]), f1);
            f1 = minimum.mul(scales[g1 + block])
                    .fma(FloatVector.broadcast(F, -(float) sums[BLOCK_SUMS * (g1 + block) + part]), f1);
            f2 = ((FloatVector) s2.convert(I2F, 0)).fma(scale.mul(scales[g2 + block]), f2);
            f2 = minimum.mul(scales[g2 + block])
                    .fma(FloatVector.broadcast(F, -(float) sums[BLOCK_SUMS * (g2 + block) + part]), f2);
            f3 = ((FloatVector) s3.convert(I2F, 0)).fma(scale.mul(scales[g3 + block]), f3);
            f3 = minimum.mul(scales[g3 + block])
                    .fma(FloatVector.broadcast(F, -(float) sums[BLOCK_SUMS * (g3 + block) + part]), f3);
        }
        f0.intoArray(t.y, y0);
        f1.intoArray(t.y, y1);
        f2.intoArray(t.y, y2);
        f3.intoArray(t.y, y3);
    }

    /** 2 rows from there on by a vector of outputs, of a format with minima. */
    private static void rows2WithMinima(final IntegerTile t, final int row, final int lane) {
        final MemorySegment w = t.weights;
        final long at0 = t.panelOffset + lane * 4L;
        final long stride = t.blockStride;
        final int shift = t.groupShift;
        final int mask = t.groupMask;
        final float[] pairs = t.x.pairs;
        final float[] scales = t.x.scales;
        final int[] sums = t.x.sums;
        final int x0 = (t.firstRow + row) * t.x.pairStride();
        final int x1 = x0 + t.x.pairStride();
        final int g0 = (t.firstRow + row) * t.x.scaleStride();
        final int g1 = g0 + t.x.scaleStride();
        final int y0 = t.yOffset + row * t.yStride + lane;
        final int y1 = y0 + t.yStride;
        final int fromGroup = t.fromGroup;
        final int toGroup = t.toGroup;
        FloatVector f0 = FloatVector.fromArray(F, t.y, y0);
        FloatVector f1 = FloatVector.fromArray(F, t.y, y1);
        for (int group = fromGroup; group < toGroup; group++) {
            final int block = group >> shift;
            final int part = group & mask;
            final long at = at0 + block * stride + part * HALF;
            final int x = block * PAIRS + part * UPPER;
            IntVector s0 = IntVector.zero(I);
            IntVector s1 = IntVector.zero(I);
            for (int quad = 0; quad < t.quads; quad++) {
                final ShortVector weights = ShortVector.fromMemorySegment(S, w, at + quad * QUAD, LITTLE_ENDIAN);
                final ShortVector even = weights.lanewise(LSHL, 8).lanewise(ASHR, 8);
                final ShortVector odd = weights.lanewise(ASHR, 8);
                final int p = x + quad;
                final IntVector b0 = even.mul(FloatVector.broadcast(F, pairs[x0 + p]).reinterpretAsShorts())
                        .add(odd.mul(FloatVector.broadcast(F, pairs[x0 + p + ODD]).reinterpretAsShorts())).reinterpretAsInts();
                s0 = s0.add(b0.lanewise(LSHL, 16).lanewise(ASHR, 16)).add(b0.lanewise(ASHR, 16));
                final IntVector b1 = even.mul(FloatVector.broadcast(F, pairs[x1 + p]).reinterpretAsShorts())
                        .add(odd.mul(FloatVector.broadcast(F, pairs[x1 + p + ODD]).reinterpretAsShorts())).reinterpretAsInts();
                s1 = s1.add(b1.lanewise(LSHL, 16).lanewise(ASHR, 16)).add(b1.lanewise(ASHR, 16));
            }
            final FloatVector scale = FloatVector.fromArray(F, t.scales, (group - fromGroup) * PANEL + lane);
            final FloatVector minimum = FloatVector.fromArray(F, t.minima, (group - fromGroup) * PANEL + lane);
            f0 = ((FloatVector) s0.convert(I2F, 0)).fma(scale.mul(scales[g0 + block]), f0);
            f0 = minimum.mul(scales[g0 + block])
                    .fma(FloatVector.broadcast(F, -(float) sums[BLOCK_SUMS * (g0 + block) + part]), f0);
            f1 = ((FloatVector) s1.convert(I2F, 0)).fma(scale.mul(scales[g1 + block]), f1);
            f1 = minimum.mul(scales[g1 + block])
                    .fma(FloatVector.broadcast(F, -(float) sums[BLOCK_SUMS * (g1 + block) + part]), f1);
        }
        f0.intoArray(t.y, y0);
        f1.intoArray(t.y, y1);
    }

    /** 1 row from there on by a vector of outputs, of a format with minima. */
    private static void rows1WithMinima(final IntegerTile t, final int row, final int lane) {
        final MemorySegment w = t.weights;
        final long at0 = t.panelOffset + lane * 4L;
        final long stride = t.blockStride;
        final int shift = t.groupShift;
        final int mask = t.groupMask;
        final float[] pairs = t.x.pairs;
        final float[] scales = t.x.scales;
        final int[] sums = t.x.sums;
        final int x0 = (t.firstRow + row) * t.x.pairStride();
        final int g0 = (t.firstRow + row) * t.x.scaleStride();
        final int y0 = t.yOffset + row * t.yStride + lane;
        final int fromGroup = t.fromGroup;
        final int toGroup = t.toGroup;
        FloatVector f0 = FloatVector.fromArray(F, t.y, y0);
        for (int group = fromGroup; group < toGroup; group++) {
            final int block = group >> shift;
            final int part = group & mask;
            final long at = at0 + block * stride + part * HALF;
            final int x = block * PAIRS + part * UPPER;
            IntVector s0 = IntVector.zero(I);
            for (int quad = 0; quad < t.quads; quad++) {
                final ShortVector weights = ShortVector.fromMemorySegment(S, w, at + quad * QUAD, LITTLE_ENDIAN);
                final ShortVector even = weights.lanewise(LSHL, 8).lanewise(ASHR, 8);
                final ShortVector odd = weights.lanewise(ASHR, 8);
                final int p = x + quad;
                final IntVector b0 = even.mul(FloatVector.broadcast(F, pairs[x0 + p]).reinterpretAsShorts())
                        .add(odd.mul(FloatVector.broadcast(F, pairs[x0 + p + ODD]).reinterpretAsShorts())).reinterpretAsInts();
                s0 = s0.add(b0.lanewise(LSHL, 16).lanewise(ASHR, 16)).add(b0.lanewise(ASHR, 16));
            }
            final FloatVector scale = FloatVector.fromArray(F, t.scales, (group - fromGroup) * PANEL + lane);
            final FloatVector minimum = FloatVector.fromArray(F, t.minima, (group - fromGroup) * PANEL + lane);
            f0 = ((FloatVector) s0.convert(I2F, 0)).fma(scale.mul(scales[g0 + block]), f0);
            f0 = minimum.mul(scales[g0 + block])
                    .fma(FloatVector.broadcast(F, -(float) sums[BLOCK_SUMS * (g0 + block) + part]), f0);
        }
        f0.intoArray(t.y, y0);
    }
}
