package io.spillway.node.cpu;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Some rows of rounded activations by a vector of outputs of four-bit weights, straight from stored weights. A sum of sixteen
 * products fits 16 bits, so that a group is widened once: twice the speed of products of floats. {@link PairProducts} says how
 * integers are multiplied. Written out because the compiler keeps named vectors in registers and inlines the Vector API's own
 * methods only without limit. Stateless.
 */
final class NibbleTiles {
    private static final VectorSpecies<Float> F = PairProducts.F;
    private static final VectorSpecies<Integer> I = PairProducts.I;
    private static final VectorSpecies<Short> S = PairProducts.S;
    private static final int LANES = PairProducts.LANES;
    private static final int PAIRS = RoundedRows.BLOCK_PAIRS;
    private static final int ODD = PairProducts.ODD;
    private static final long QUAD = PairProducts.QUAD_BYTES;
    private static final int UPPER = PairProducts.UPPER;
    private static final int BLOCK_SUMS = RoundedRows.BLOCK_SUMS;
    private static final short NIBBLE = PairProducts.NIBBLE;
    private static final int QUADS = 4;
    private static final int PANEL = ScaleKernels.PANEL;
    private static final long PART = ScaleKernels.Q4_K_PART_BYTES;

    private NibbleTiles() {
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
        final long at0 = t.payload + lane * 4L;
        final long stride = t.blockStride;
        final int shift = t.groupShift;
        final int mask = t.groupMask;
        final float[] pairs = t.x.pairs;
        final float[] scales = t.x.scales;
        final int[] starts = t.x.starts;
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
            final long at = at0 + (group >> shift) * stride + (group & mask) * PART;
            final int x = group * PAIRS;
            ShortVector s0 = IntVector.broadcast(I, starts[g0 + group]).reinterpretAsShorts();
            ShortVector s1 = IntVector.broadcast(I, starts[g1 + group]).reinterpretAsShorts();
            ShortVector s2 = IntVector.broadcast(I, starts[g2 + group]).reinterpretAsShorts();
            ShortVector s3 = IntVector.broadcast(I, starts[g3 + group]).reinterpretAsShorts();
            for (int quad = 0; quad < QUADS; quad++) {
                final ShortVector weights = ShortVector.fromMemorySegment(S, w, at + quad * QUAD, LITTLE_ENDIAN);
                final ShortVector n0 = weights.and(NIBBLE);
                final ShortVector n1 = weights.lanewise(LSHR, 4).and(NIBBLE);
                final ShortVector n2 = weights.lanewise(LSHR, 8).and(NIBBLE);
                final ShortVector n3 = weights.lanewise(LSHR, 12);
                final int p = x + quad;
                s0 = s0.add(n0.mul(FloatVector.broadcast(F, pairs[x0 + p]).reinterpretAsShorts()))
                        .add(n1.mul(FloatVector.broadcast(F, pairs[x0 + p + UPPER]).reinterpretAsShorts()))
                        .add(n2.mul(FloatVector.broadcast(F, pairs[x0 + p + ODD]).reinterpretAsShorts()))
                        .add(n3.mul(FloatVector.broadcast(F, pairs[x0 + p + ODD + UPPER]).reinterpretAsShorts()));
                s1 = s1.add(n0.mul(FloatVector.broadcast(F, pairs[x1 + p]).reinterpretAsShorts()))
                        .add(n1.mul(FloatVector.broadcast(F, pairs[x1 + p + UPPER]).reinterpretAsShorts()))
                        .add(n2.mul(FloatVector.broadcast(F, pairs[x1 + p + ODD]).reinterpretAsShorts()))
                        .add(n3.mul(FloatVector.broadcast(F, pairs[x1 + p + ODD + UPPER]).reinterpretAsShorts()));
                s2 = s2.add(n0.mul(FloatVector.broadcast(F, pairs[x2 + p]).reinterpretAsShorts()))
                        .add(n1.mul(FloatVector.broadcast(F, pairs[x2 + p + UPPER]).reinterpretAsShorts()))
                        .add(n2.mul(FloatVector.broadcast(F, pairs[x2 + p + ODD]).reinterpretAsShorts()))
                        .add(n3.mul(FloatVector.broadcast(F, pairs[x2 + p + ODD + UPPER]).reinterpretAsShorts()));
                s3 = s3.add(n0.mul(FloatVector.broadcast(F, pairs[x3 + p]).reinterpretAsShorts()))
                        .add(n1.mul(FloatVector.broadcast(F, pairs[x3 + p + UPPER]).reinterpretAsShorts()))
                        .add(n2.mul(FloatVector.broadcast(F, pairs[x3 + p + ODD]).reinterpretAsShorts()))
                        .add(n3.mul(FloatVector.broadcast(F, pairs[x3 + p + ODD + UPPER]).reinterpretAsShorts()));
            }
            final FloatVector scale = FloatVector.fromArray(F, t.scales, (group - fromGroup) * PANEL + lane);
            final IntVector b0 = s0.reinterpretAsInts();
            f0 = ((FloatVector) b0.lanewise(LSHL, 16).lanewise(ASHR, 16).add(b0.lanewise(ASHR, 16)).convert(I2F, 0))
                    .fma(scale.mul(scales[g0 + group]), f0);
            final IntVector b1 = s1.reinterpretAsInts();
            f1 = ((FloatVector) b1.lanewise(LSHL, 16).lanewise(ASHR, 16).add(b1.lanewise(ASHR, 16)).convert(I2F, 0))
                    .fma(scale.mul(scales[g1 + group]), f1);
            final IntVector b2 = s2.reinterpretAsInts();
            f2 = ((FloatVector) b2.lanewise(LSHL, 16).lanewise(ASHR, 16).add(b2.lanewise(ASHR, 16)).convert(I2F, 0))
                    .fma(scale.mul(scales[g2 + group]), f2);
            final IntVector b3 = s3.reinterpretAsInts();
            f3 = ((FloatVector) b3.lanewise(LSHL, 16).lanewise(ASHR, 16).add(b3.lanewise(ASHR, 16)).convert(I2F, 0))
                    .fma(scale.mul(scales[g3 + group]), f3);
        }
        f0.intoArray(t.y, y0);
        f1.intoArray(t.y, y1);
        f2.intoArray(t.y, y2);
        f3.intoArray(t.y, y3);
    }

    /** 2 rows from there on by a vector of outputs. */
    private static void rows2(final IntegerTile t, final int row, final int lane) {
        final MemorySegment w = t.weights;
        final long at0 = t.payload + lane * 4L;
        final long stride = t.blockStride;
        final int shift = t.groupShift;
        final int mask = t.groupMask;
        final float[] pairs = t.x.pairs;
        final float[] scales = t.x.scales;
        final int[] starts = t.x.starts;
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
            final long at = at0 + (group >> shift) * stride + (group & mask) * PART;
            final int x = group * PAIRS;
            ShortVector s0 = IntVector.broadcast(I, starts[g0 + group]).reinterpretAsShorts();
            ShortVector s1 = IntVector.broadcast(I, starts[g1 + group]).reinterpretAsShorts();
            for (int quad = 0; quad < QUADS; quad++) {
                final ShortVector weights = ShortVector.fromMemorySegment(S, w, at + quad * QUAD, LITTLE_ENDIAN);
                final ShortVector n0 = weights.and(NIBBLE);
                final ShortVector n1 = weights.lanewise(LSHR, 4).and(NIBBLE);
                final ShortVector n2 = weights.lanewise(LSHR, 8).and(NIBBLE);
                final ShortVector n3 = weights.lanewise(LSHR, 12);
                final int p = x + quad;
                s0 = s0.add(n0.mul(FloatVector.broadcast(F, pairs[x0 + p]).reinterpretAsShorts()))
                        .add(n1.mul(FloatVector.broadcast(F, pairs[x0 + p + UPPER]).reinterpretAsShorts()))
                        .add(n2.mul(FloatVector.broadcast(F, pairs[x0 + p + ODD]).reinterpretAsShorts()))
                        .add(n3.mul(FloatVector.broadcast(F, pairs[x0 + p + ODD + UPPER]).reinterpretAsShorts()));
                s1 = s1.add(n0.mul(FloatVector.broadcast(F, pairs[x1 + p]).reinterpretAsShorts()))
                        .add(n1.mul(FloatVector.broadcast(F, pairs[x1 + p + UPPER]).reinterpretAsShorts()))
                        .add(n2.mul(FloatVector.broadcast(F, pairs[x1 + p + ODD]).reinterpretAsShorts()))
                        .add(n3.mul(FloatVector.broadcast(F, pairs[x1 + p + ODD + UPPER]).reinterpretAsShorts()));
            }
            final FloatVector scale = FloatVector.fromArray(F, t.scales, (group - fromGroup) * PANEL + lane);
            final IntVector b0 = s0.reinterpretAsInts();
            f0 = ((FloatVector) b0.lanewise(LSHL, 16).lanewise(ASHR, 16).add(b0.lanewise(ASHR, 16)).convert(I2F, 0))
                    .fma(scale.mul(scales[g0 + group]), f0);
            final IntVector b1 = s1.reinterpretAsInts();
            f1 = ((FloatVector) b1.lanewise(LSHL, 16).lanewise(ASHR, 16).add(b1.lanewise(ASHR, 16)).convert(I2F, 0))
                    .fma(scale.mul(scales[g1 + group]), f1);
        }
        f0.intoArray(t.y, y0);
        f1.intoArray(t.y, y1);
    }

    /** 1 row from there on by a vector of outputs. */
    private static void rows1(final IntegerTile t, final int row, final int lane) {
        final MemorySegment w = t.weights;
        final long at0 = t.payload + lane * 4L;
        final long stride = t.blockStride;
        final int shift = t.groupShift;
        final int mask = t.groupMask;
        final float[] pairs = t.x.pairs;
        final float[] scales = t.x.scales;
        final int[] starts = t.x.starts;
        final int x0 = (t.firstRow + row) * t.x.pairStride();
        final int g0 = (t.firstRow + row) * t.x.scaleStride();
        final int y0 = t.yOffset + row * t.yStride + lane;
        final int fromGroup = t.fromGroup;
        final int toGroup = t.toGroup;
        FloatVector f0 = FloatVector.fromArray(F, t.y, y0);
        for (int group = fromGroup; group < toGroup; group++) {
            final long at = at0 + (group >> shift) * stride + (group & mask) * PART;
            final int x = group * PAIRS;
            ShortVector s0 = IntVector.broadcast(I, starts[g0 + group]).reinterpretAsShorts();
            for (int quad = 0; quad < QUADS; quad++) {
                final ShortVector weights = ShortVector.fromMemorySegment(S, w, at + quad * QUAD, LITTLE_ENDIAN);
                final ShortVector n0 = weights.and(NIBBLE);
                final ShortVector n1 = weights.lanewise(LSHR, 4).and(NIBBLE);
                final ShortVector n2 = weights.lanewise(LSHR, 8).and(NIBBLE);
                final ShortVector n3 = weights.lanewise(LSHR, 12);
                final int p = x + quad;
                s0 = s0.add(n0.mul(FloatVector.broadcast(F, pairs[x0 + p]).reinterpretAsShorts()))
                        .add(n1.mul(FloatVector.broadcast(F, pairs[x0 + p + UPPER]).reinterpretAsShorts()))
                        .add(n2.mul(FloatVector.broadcast(F, pairs[x0 + p + ODD]).reinterpretAsShorts()))
                        .add(n3.mul(FloatVector.broadcast(F, pairs[x0 + p + ODD + UPPER]).reinterpretAsShorts()));
            }
            final FloatVector scale = FloatVector.fromArray(F, t.scales, (group - fromGroup) * PANEL + lane);
            final IntVector b0 = s0.reinterpretAsInts();
            f0 = ((FloatVector) b0.lanewise(LSHL, 16).lanewise(ASHR, 16).add(b0.lanewise(ASHR, 16)).convert(I2F, 0))
                    .fma(scale.mul(scales[g0 + group]), f0);
        }
        f0.intoArray(t.y, y0);
    }

    /** 4 rows from there on by a vector of outputs, of a format with minima. */
    private static void rows4WithMinima(final IntegerTile t, final int row, final int lane) {
        final MemorySegment w = t.weights;
        final long at0 = t.payload + lane * 4L;
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
            final long at = at0 + (group >> shift) * stride + (group & mask) * PART;
            final int x = group * PAIRS;
            ShortVector s0 = ShortVector.zero(S);
            ShortVector s1 = ShortVector.zero(S);
            ShortVector s2 = ShortVector.zero(S);
            ShortVector s3 = ShortVector.zero(S);
            for (int quad = 0; quad < QUADS; quad++) {
                final ShortVector weights = ShortVector.fromMemorySegment(S, w, at + quad * QUAD, LITTLE_ENDIAN);
                final ShortVector n0 = weights.and(NIBBLE);
                final ShortVector n1 = weights.lanewise(LSHR, 4).and(NIBBLE);
                final ShortVector n2 = weights.lanewise(LSHR, 8).and(NIBBLE);
                final ShortVector n3 = weights.lanewise(LSHR, 12);
                final int p = x + quad;
                s0 = s0.add(n0.mul(FloatVector.broadcast(F, pairs[x0 + p]).reinterpretAsShorts()))
                        .add(n1.mul(FloatVector.broadcast(F, pairs[x0 + p + UPPER]).reinterpretAsShorts()))
                        .add(n2.mul(FloatVector.broadcast(F, pairs[x0 + p + ODD]).reinterpretAsShorts()))
                        .add(n3.mul(FloatVector.broadcast(F, pairs[x0 + p + ODD + UPPER]).reinterpretAsShorts()));
                s1 = s1.add(n0.mul(FloatVector.broadcast(F, pairs[x1 + p]).reinterpretAsShorts()))
                        .add(n1.mul(FloatVector.broadcast(F, pairs[x1 + p + UPPER]).reinterpretAsShorts()))
                        .add(n2.mul(FloatVector.broadcast(F, pairs[x1 + p + ODD]).reinterpretAsShorts()))
                        .add(n3.mul(FloatVector.broadcast(F, pairs[x1 + p + ODD + UPPER]).reinterpretAsShorts()));
                s2 = s2.add(n0.mul(FloatVector.broadcast(F, pairs[x2 + p]).reinterpretAsShorts()))
                        .add(n1.mul(FloatVector.broadcast(F, pairs[x2 + p + UPPER]).reinterpretAsShorts()))
                        .add(n2.mul(FloatVector.broadcast(F, pairs[x2 + p + ODD]).reinterpretAsShorts()))
                        .add(n3.mul(FloatVector.broadcast(F, pairs[x2 + p + ODD + UPPER]).reinterpretAsShorts()));
                s3 = s3.add(n0.mul(FloatVector.broadcast(F, pairs[x3 + p]).reinterpretAsShorts()))
                        .add(n1.mul(FloatVector.broadcast(F, pairs[x3 + p + UPPER]).reinterpretAsShorts()))
                        .add(n2.mul(FloatVector.broadcast(F, pairs[x3 + p + ODD]).reinterpretAsShorts()))
                        .add(n3.mul(FloatVector.broadcast(F, pairs[x3 + p + ODD + UPPER]).reinterpretAsShorts()));
            }
            final FloatVector scale = FloatVector.fromArray(F, t.scales, (group - fromGroup) * PANEL + lane);
            final FloatVector minimum = FloatVector.fromArray(F, t.minima, (group - fromGroup) * PANEL + lane);
            final IntVector b0 = s0.reinterpretAsInts();
            f0 = ((FloatVector) b0.lanewise(LSHL, 16).lanewise(ASHR, 16).add(b0.lanewise(ASHR, 16)).convert(I2F, 0))
                    .fma(scale.mul(scales[g0 + group]), f0);
            f0 = minimum.mul(scales[g0 + group])
                    .fma(FloatVector.broadcast(F, -(float) sums[BLOCK_SUMS * (g0 + group) + 2]), f0);
            final IntVector b1 = s1.reinterpretAsInts();
            f1 = ((FloatVector) b1.lanewise(LSHL, 16).lanewise(ASHR, 16).add(b1.lanewise(ASHR, 16)).convert(I2F, 0))
                    .fma(scale.mul(scales[g1 + group]), f1);
            f1 = minimum.mul(scales[g1 + group])
                    .fma(FloatVector.broadcast(F, -(float) sums[BLOCK_SUMS * (g1 + group) + 2]), f1);
            final IntVector b2 = s2.reinterpretAsInts();
            f2 = ((FloatVector) b2.lanewise(LSHL, 16).lanewise(ASHR, 16).add(b2.lanewise(ASHR, 16)).convert(I2F, 0))
                    .fma(scale.mul(scales[g2 + group]), f2);
            f2 = minimum.mul(scales[g2 + group])
                    .fma(FloatVector.broadcast(F, -(float) sums[BLOCK_SUMS * (g2 + group) + 2]), f2);
            final IntVector b3 = s3.reinterpretAsInts();
            f3 = ((FloatVector) b3.lanewise(LSHL, 16).lanewise(ASHR, 16).add(b3.lanewise(ASHR, 16)).convert(I2F, 0))
                    .fma(scale.mul(scales[g3 + group]), f3);
            f3 = minimum.mul(scales[g3 + group])
                    .fma(FloatVector.broadcast(F, -(float) sums[BLOCK_SUMS * (g3 + group) + 2]), f3);
        }
        f0.intoArray(t.y, y0);
        f1.intoArray(t.y, y1);
        f2.intoArray(t.y, y2);
        f3.intoArray(t.y, y3);
    }

    /** 2 rows from there on by a vector of outputs, of a format with minima. */
    private static void rows2WithMinima(final IntegerTile t, final int row, final int lane) {
        final MemorySegment w = t.weights;
        final long at0 = t.payload + lane * 4L;
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
            final long at = at0 + (group >> shift) * stride + (group & mask) * PART;
            final int x = group * PAIRS;
            ShortVector s0 = ShortVector.zero(S);
            ShortVector s1 = ShortVector.zero(S);
            for (int quad = 0; quad < QUADS; quad++) {
                final ShortVector weights = ShortVector.fromMemorySegment(S, w, at + quad * QUAD, LITTLE_ENDIAN);
                final ShortVector n0 = weights.and(NIBBLE);
                final ShortVector n1 = weights.lanewise(LSHR, 4).and(NIBBLE);
                final ShortVector n2 = weights.lanewise(LSHR, 8).and(NIBBLE);
                final ShortVector n3 = weights.lanewise(LSHR, 12);
                final int p = x + quad;
                s0 = s0.add(n0.mul(FloatVector.broadcast(F, pairs[x0 + p]).reinterpretAsShorts()))
                        .add(n1.mul(FloatVector.broadcast(F, pairs[x0 + p + UPPER]).reinterpretAsShorts()))
                        .add(n2.mul(FloatVector.broadcast(F, pairs[x0 + p + ODD]).reinterpretAsShorts()))
                        .add(n3.mul(FloatVector.broadcast(F, pairs[x0 + p + ODD + UPPER]).reinterpretAsShorts()));
                s1 = s1.add(n0.mul(FloatVector.broadcast(F, pairs[x1 + p]).reinterpretAsShorts()))
                        .add(n1.mul(FloatVector.broadcast(F, pairs[x1 + p + UPPER]).reinterpretAsShorts()))
                        .add(n2.mul(FloatVector.broadcast(F, pairs[x1 + p + ODD]).reinterpretAsShorts()))
                        .add(n3.mul(FloatVector.broadcast(F, pairs[x1 + p + ODD + UPPER]).reinterpretAsShorts()));
            }
            final FloatVector scale = FloatVector.fromArray(F, t.scales, (group - fromGroup) * PANEL + lane);
            final FloatVector minimum = FloatVector.fromArray(F, t.minima, (group - fromGroup) * PANEL + lane);
            final IntVector b0 = s0.reinterpretAsInts();
            f0 = ((FloatVector) b0.lanewise(LSHL, 16).lanewise(ASHR, 16).add(b0.lanewise(ASHR, 16)).convert(I2F, 0))
                    .fma(scale.mul(scales[g0 + group]), f0);
            f0 = minimum.mul(scales[g0 + group])
                    .fma(FloatVector.broadcast(F, -(float) sums[BLOCK_SUMS * (g0 + group) + 2]), f0);
            final IntVector b1 = s1.reinterpretAsInts();
            f1 = ((FloatVector) b1.lanewise(LSHL, 16).lanewise(ASHR, 16).add(b1.lanewise(ASHR, 16)).convert(I2F, 0))
                    .fma(scale.mul(scales[g1 + group]), f1);
            f1 = minimum.mul(scales[g1 + group])
                    .fma(FloatVector.broadcast(F, -(float) sums[BLOCK_SUMS * (g1 + group) + 2]), f1);
        }
        f0.intoArray(t.y, y0);
        f1.intoArray(t.y, y1);
    }

    /** 1 row from there on by a vector of outputs, of a format with minima. */
    private static void rows1WithMinima(final IntegerTile t, final int row, final int lane) {
        final MemorySegment w = t.weights;
        final long at0 = t.payload + lane * 4L;
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
            final long at = at0 + (group >> shift) * stride + (group & mask) * PART;
            final int x = group * PAIRS;
            ShortVector s0 = ShortVector.zero(S);
            for (int quad = 0; quad < QUADS; quad++) {
                final ShortVector weights = ShortVector.fromMemorySegment(S, w, at + quad * QUAD, LITTLE_ENDIAN);
                final ShortVector n0 = weights.and(NIBBLE);
                final ShortVector n1 = weights.lanewise(LSHR, 4).and(NIBBLE);
                final ShortVector n2 = weights.lanewise(LSHR, 8).and(NIBBLE);
                final ShortVector n3 = weights.lanewise(LSHR, 12);
                final int p = x + quad;
                s0 = s0.add(n0.mul(FloatVector.broadcast(F, pairs[x0 + p]).reinterpretAsShorts()))
                        .add(n1.mul(FloatVector.broadcast(F, pairs[x0 + p + UPPER]).reinterpretAsShorts()))
                        .add(n2.mul(FloatVector.broadcast(F, pairs[x0 + p + ODD]).reinterpretAsShorts()))
                        .add(n3.mul(FloatVector.broadcast(F, pairs[x0 + p + ODD + UPPER]).reinterpretAsShorts()));
            }
            final FloatVector scale = FloatVector.fromArray(F, t.scales, (group - fromGroup) * PANEL + lane);
            final FloatVector minimum = FloatVector.fromArray(F, t.minima, (group - fromGroup) * PANEL + lane);
            final IntVector b0 = s0.reinterpretAsInts();
            f0 = ((FloatVector) b0.lanewise(LSHL, 16).lanewise(ASHR, 16).add(b0.lanewise(ASHR, 16)).convert(I2F, 0))
                    .fma(scale.mul(scales[g0 + group]), f0);
            f0 = minimum.mul(scales[g0 + group])
                    .fma(FloatVector.broadcast(F, -(float) sums[BLOCK_SUMS * (g0 + group) + 2]), f0);
        }
        f0.intoArray(t.y, y0);
    }
}
