package io.spillway.node.cpu;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;

import io.spillway.node.compute.DType;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Up to 4 rows of rounded activations by a vector of outputs of four-bit weights, straight from stored weights: for batches too
 * small to be worth expanded weights. A sum of sixteen products fits 16 bits, so that a group is widened once.
 * {@link PairProducts} says how integers are multiplied.
 *
 * <p>Written out in small methods: the compiler keeps named vectors in registers, inlines the Vector API's own methods without limit
 * and any others only up to a budget, and gives up on methods that are too large; vectors then go through the heap. Hence sums
 * pass from a group's products to its scales through scratch. Stateless.
 */
final class NibbleTiles {
    private static final VectorSpecies<Float> F = PairProducts.F;
    private static final VectorSpecies<Integer> I = PairProducts.I;
    private static final VectorSpecies<Short> S = PairProducts.S;
    private static final int LANES = PairProducts.LANES;
    private static final int PANEL = ScaleKernels.PANEL;
    private static final int SUMS = RoundedRows.BLOCK_SUMS;
    private static final int ODD = PairProducts.ODD;
    private static final long QUAD = PairProducts.QUAD_BYTES;
    private static final int PAIRS = RoundedRows.BLOCK_PAIRS;
    private static final int UPPER = PairProducts.UPPER;
    private static final short NIBBLE = PairProducts.NIBBLE;
    private static final int QUADS = 4;
    private static final int HALVES = 2 * LANES;

    private NibbleTiles() {
    }

    /** Adds the tile's groups to 16 outputs of {@code rows} rows. */
    static void run(final IntegerTile t, final int rows) {
        for (int lane = 0; lane < PANEL; lane += LANES) {
            int row = 0;
            for (; row + 4 <= rows; row += 4) {
                tile4(t, row, lane);
            }
            if ((rows & 2) != 0) {
                tile2(t, row, lane);
                row += 2;
            }
            if ((rows & 1) != 0) {
                tile1(t, row, lane);
            }
        }
    }

    private static void tile4(final IntegerTile t, final int row, final int lane) {
        for (int group = t.fromGroup; group < t.toGroup; group++) {
            rows4(t, group, row, lane);
            add4(t, group, row, lane);
            if (t.hasMinima) {
                minima4(t, group, row, lane);
            }
        }
    }

    private static void tile2(final IntegerTile t, final int row, final int lane) {
        for (int group = t.fromGroup; group < t.toGroup; group++) {
            rows2(t, group, row, lane);
            add2(t, group, row, lane);
            if (t.hasMinima) {
                minima2(t, group, row, lane);
            }
        }
    }

    private static void tile1(final IntegerTile t, final int row, final int lane) {
        for (int group = t.fromGroup; group < t.toGroup; group++) {
            rows1(t, group, row, lane);
            add1(t, group, row, lane);
            if (t.hasMinima) {
                minima1(t, group, row, lane);
            }
        }
    }

    /** Products of a group of columns: 4 rows by a vector of outputs. */
    private static void rows4(final IntegerTile t, final int group, final int row, final int lane) {
        final MemorySegment w = t.weights;
        final float[] pairs = t.x.pairs;
        final long at = t.groupOffset(group) + lane * 4L;
        final int x0 = (t.firstRow + row) * t.x.pairStride() + group * PAIRS;
        final int x1 = x0 + t.x.pairStride();
        final int x2 = x1 + t.x.pairStride();
        final int x3 = x2 + t.x.pairStride();
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
            s0 = s0.add(n0.mul(FloatVector.broadcast(F, pairs[x0 + quad]).reinterpretAsShorts()))
                    .add(n1.mul(FloatVector.broadcast(F, pairs[x0 + quad + UPPER]).reinterpretAsShorts()))
                    .add(n2.mul(FloatVector.broadcast(F, pairs[x0 + quad + ODD]).reinterpretAsShorts()))
                    .add(n3.mul(FloatVector.broadcast(F, pairs[x0 + quad + ODD + UPPER]).reinterpretAsShorts()));
            s1 = s1.add(n0.mul(FloatVector.broadcast(F, pairs[x1 + quad]).reinterpretAsShorts()))
                    .add(n1.mul(FloatVector.broadcast(F, pairs[x1 + quad + UPPER]).reinterpretAsShorts()))
                    .add(n2.mul(FloatVector.broadcast(F, pairs[x1 + quad + ODD]).reinterpretAsShorts()))
                    .add(n3.mul(FloatVector.broadcast(F, pairs[x1 + quad + ODD + UPPER]).reinterpretAsShorts()));
            s2 = s2.add(n0.mul(FloatVector.broadcast(F, pairs[x2 + quad]).reinterpretAsShorts()))
                    .add(n1.mul(FloatVector.broadcast(F, pairs[x2 + quad + UPPER]).reinterpretAsShorts()))
                    .add(n2.mul(FloatVector.broadcast(F, pairs[x2 + quad + ODD]).reinterpretAsShorts()))
                    .add(n3.mul(FloatVector.broadcast(F, pairs[x2 + quad + ODD + UPPER]).reinterpretAsShorts()));
            s3 = s3.add(n0.mul(FloatVector.broadcast(F, pairs[x3 + quad]).reinterpretAsShorts()))
                    .add(n1.mul(FloatVector.broadcast(F, pairs[x3 + quad + UPPER]).reinterpretAsShorts()))
                    .add(n2.mul(FloatVector.broadcast(F, pairs[x3 + quad + ODD]).reinterpretAsShorts()))
                    .add(n3.mul(FloatVector.broadcast(F, pairs[x3 + quad + ODD + UPPER]).reinterpretAsShorts()));
        }
        s0.intoArray(t.halves, 0);
        s1.intoArray(t.halves, HALVES);
        s2.intoArray(t.halves, 2 * HALVES);
        s3.intoArray(t.halves, 3 * HALVES);
    }

    /** Adds what {@code rows4} left in scratch, times the scales. */
    private static void add4(final IntegerTile t, final int group, final int row, final int lane) {
        final float[] y = t.y;
        final float[] scales = t.x.scales;
        final int g0 = (t.firstRow + row) * t.x.scaleStride() + t.blockOf(group);
        final int[] starts = t.dtype == DType.Q4_0 ? t.x.starts : t.x.noStarts;
        final int g1 = g0 + t.x.scaleStride();
        final int g2 = g1 + t.x.scaleStride();
        final int g3 = g2 + t.x.scaleStride();
        final int y0 = t.yOffset + row * t.yStride + lane;
        final int y1 = y0 + t.yStride;
        final int y2 = y1 + t.yStride;
        final int y3 = y2 + t.yStride;
        final FloatVector scale = FloatVector.fromArray(F, t.scales, (group - t.fromGroup) * PANEL + lane);
        final IntVector b0 = ShortVector.fromArray(S, t.halves, 0).add(IntVector.broadcast(I, starts[g0]).reinterpretAsShorts())
                .reinterpretAsInts();
        ((FloatVector) b0.lanewise(LSHL, 16).lanewise(ASHR, 16).add(b0.lanewise(ASHR, 16)).convert(I2F, 0))
                .fma(scale.mul(scales[g0]), FloatVector.fromArray(F, y, y0)).intoArray(y, y0);
        final IntVector b1 = ShortVector.fromArray(S, t.halves, HALVES).add(IntVector.broadcast(I, starts[g1]).reinterpretAsShorts())
                .reinterpretAsInts();
        ((FloatVector) b1.lanewise(LSHL, 16).lanewise(ASHR, 16).add(b1.lanewise(ASHR, 16)).convert(I2F, 0))
                .fma(scale.mul(scales[g1]), FloatVector.fromArray(F, y, y1)).intoArray(y, y1);
        final IntVector b2 = ShortVector.fromArray(S, t.halves, 2 * HALVES).add(IntVector.broadcast(I, starts[g2]).reinterpretAsShorts())
                .reinterpretAsInts();
        ((FloatVector) b2.lanewise(LSHL, 16).lanewise(ASHR, 16).add(b2.lanewise(ASHR, 16)).convert(I2F, 0))
                .fma(scale.mul(scales[g2]), FloatVector.fromArray(F, y, y2)).intoArray(y, y2);
        final IntVector b3 = ShortVector.fromArray(S, t.halves, 3 * HALVES).add(IntVector.broadcast(I, starts[g3]).reinterpretAsShorts())
                .reinterpretAsInts();
        ((FloatVector) b3.lanewise(LSHL, 16).lanewise(ASHR, 16).add(b3.lanewise(ASHR, 16)).convert(I2F, 0))
                .fma(scale.mul(scales[g3]), FloatVector.fromArray(F, y, y3)).intoArray(y, y3);
    }

    /** Subtracts the minima of 4 rows of outputs. */
    private static void minima4(final IntegerTile t, final int group, final int row, final int lane) {
        final float[] y = t.y;
        final float[] scales = t.x.scales;
        final int g0 = (t.firstRow + row) * t.x.scaleStride() + t.blockOf(group);
        final int g1 = g0 + t.x.scaleStride();
        final int g2 = g1 + t.x.scaleStride();
        final int g3 = g2 + t.x.scaleStride();
        final int y0 = t.yOffset + row * t.yStride + lane;
        final int y1 = y0 + t.yStride;
        final int y2 = y1 + t.yStride;
        final int y3 = y2 + t.yStride;
        final int[] sums = t.x.sums;
        final int part = t.sumOf(group);
        final FloatVector minimum = FloatVector.fromArray(F, t.minima, (group - t.fromGroup) * PANEL + lane);
        minimum.mul(scales[g0]).fma(FloatVector.broadcast(F, -(float) sums[SUMS * g0 + part]), FloatVector.fromArray(F, y, y0))
                .intoArray(y, y0);
        minimum.mul(scales[g1]).fma(FloatVector.broadcast(F, -(float) sums[SUMS * g1 + part]), FloatVector.fromArray(F, y, y1))
                .intoArray(y, y1);
        minimum.mul(scales[g2]).fma(FloatVector.broadcast(F, -(float) sums[SUMS * g2 + part]), FloatVector.fromArray(F, y, y2))
                .intoArray(y, y2);
        minimum.mul(scales[g3]).fma(FloatVector.broadcast(F, -(float) sums[SUMS * g3 + part]), FloatVector.fromArray(F, y, y3))
                .intoArray(y, y3);
    }

    /** Products of a group of columns: 2 rows by a vector of outputs. */
    private static void rows2(final IntegerTile t, final int group, final int row, final int lane) {
        final MemorySegment w = t.weights;
        final float[] pairs = t.x.pairs;
        final long at = t.groupOffset(group) + lane * 4L;
        final int x0 = (t.firstRow + row) * t.x.pairStride() + group * PAIRS;
        final int x1 = x0 + t.x.pairStride();
        ShortVector s0 = ShortVector.zero(S);
        ShortVector s1 = ShortVector.zero(S);
        for (int quad = 0; quad < QUADS; quad++) {
            final ShortVector weights = ShortVector.fromMemorySegment(S, w, at + quad * QUAD, LITTLE_ENDIAN);
            final ShortVector n0 = weights.and(NIBBLE);
            final ShortVector n1 = weights.lanewise(LSHR, 4).and(NIBBLE);
            final ShortVector n2 = weights.lanewise(LSHR, 8).and(NIBBLE);
            final ShortVector n3 = weights.lanewise(LSHR, 12);
            s0 = s0.add(n0.mul(FloatVector.broadcast(F, pairs[x0 + quad]).reinterpretAsShorts()))
                    .add(n1.mul(FloatVector.broadcast(F, pairs[x0 + quad + UPPER]).reinterpretAsShorts()))
                    .add(n2.mul(FloatVector.broadcast(F, pairs[x0 + quad + ODD]).reinterpretAsShorts()))
                    .add(n3.mul(FloatVector.broadcast(F, pairs[x0 + quad + ODD + UPPER]).reinterpretAsShorts()));
            s1 = s1.add(n0.mul(FloatVector.broadcast(F, pairs[x1 + quad]).reinterpretAsShorts()))
                    .add(n1.mul(FloatVector.broadcast(F, pairs[x1 + quad + UPPER]).reinterpretAsShorts()))
                    .add(n2.mul(FloatVector.broadcast(F, pairs[x1 + quad + ODD]).reinterpretAsShorts()))
                    .add(n3.mul(FloatVector.broadcast(F, pairs[x1 + quad + ODD + UPPER]).reinterpretAsShorts()));
        }
        s0.intoArray(t.halves, 0);
        s1.intoArray(t.halves, HALVES);
    }

    /** Adds what {@code rows2} left in scratch, times the scales. */
    private static void add2(final IntegerTile t, final int group, final int row, final int lane) {
        final float[] y = t.y;
        final float[] scales = t.x.scales;
        final int g0 = (t.firstRow + row) * t.x.scaleStride() + t.blockOf(group);
        final int[] starts = t.dtype == DType.Q4_0 ? t.x.starts : t.x.noStarts;
        final int g1 = g0 + t.x.scaleStride();
        final int y0 = t.yOffset + row * t.yStride + lane;
        final int y1 = y0 + t.yStride;
        final FloatVector scale = FloatVector.fromArray(F, t.scales, (group - t.fromGroup) * PANEL + lane);
        final IntVector b0 = ShortVector.fromArray(S, t.halves, 0).add(IntVector.broadcast(I, starts[g0]).reinterpretAsShorts())
                .reinterpretAsInts();
        ((FloatVector) b0.lanewise(LSHL, 16).lanewise(ASHR, 16).add(b0.lanewise(ASHR, 16)).convert(I2F, 0))
                .fma(scale.mul(scales[g0]), FloatVector.fromArray(F, y, y0)).intoArray(y, y0);
        final IntVector b1 = ShortVector.fromArray(S, t.halves, HALVES).add(IntVector.broadcast(I, starts[g1]).reinterpretAsShorts())
                .reinterpretAsInts();
        ((FloatVector) b1.lanewise(LSHL, 16).lanewise(ASHR, 16).add(b1.lanewise(ASHR, 16)).convert(I2F, 0))
                .fma(scale.mul(scales[g1]), FloatVector.fromArray(F, y, y1)).intoArray(y, y1);
    }

    /** Subtracts the minima of 2 rows of outputs. */
    private static void minima2(final IntegerTile t, final int group, final int row, final int lane) {
        final float[] y = t.y;
        final float[] scales = t.x.scales;
        final int g0 = (t.firstRow + row) * t.x.scaleStride() + t.blockOf(group);
        final int g1 = g0 + t.x.scaleStride();
        final int y0 = t.yOffset + row * t.yStride + lane;
        final int y1 = y0 + t.yStride;
        final int[] sums = t.x.sums;
        final int part = t.sumOf(group);
        final FloatVector minimum = FloatVector.fromArray(F, t.minima, (group - t.fromGroup) * PANEL + lane);
        minimum.mul(scales[g0]).fma(FloatVector.broadcast(F, -(float) sums[SUMS * g0 + part]), FloatVector.fromArray(F, y, y0))
                .intoArray(y, y0);
        minimum.mul(scales[g1]).fma(FloatVector.broadcast(F, -(float) sums[SUMS * g1 + part]), FloatVector.fromArray(F, y, y1))
                .intoArray(y, y1);
    }

    /** Products of a group of columns: 1 row by a vector of outputs. */
    private static void rows1(final IntegerTile t, final int group, final int row, final int lane) {
        final MemorySegment w = t.weights;
        final float[] pairs = t.x.pairs;
        final long at = t.groupOffset(group) + lane * 4L;
        final int x0 = (t.firstRow + row) * t.x.pairStride() + group * PAIRS;
        ShortVector s0 = ShortVector.zero(S);
        for (int quad = 0; quad < QUADS; quad++) {
            final ShortVector weights = ShortVector.fromMemorySegment(S, w, at + quad * QUAD, LITTLE_ENDIAN);
            final ShortVector n0 = weights.and(NIBBLE);
            final ShortVector n1 = weights.lanewise(LSHR, 4).and(NIBBLE);
            final ShortVector n2 = weights.lanewise(LSHR, 8).and(NIBBLE);
            final ShortVector n3 = weights.lanewise(LSHR, 12);
            s0 = s0.add(n0.mul(FloatVector.broadcast(F, pairs[x0 + quad]).reinterpretAsShorts()))
                    .add(n1.mul(FloatVector.broadcast(F, pairs[x0 + quad + UPPER]).reinterpretAsShorts()))
                    .add(n2.mul(FloatVector.broadcast(F, pairs[x0 + quad + ODD]).reinterpretAsShorts()))
                    .add(n3.mul(FloatVector.broadcast(F, pairs[x0 + quad + ODD + UPPER]).reinterpretAsShorts()));
        }
        s0.intoArray(t.halves, 0);
    }

    /** Adds what {@code rows1} left in scratch, times the scales. */
    private static void add1(final IntegerTile t, final int group, final int row, final int lane) {
        final float[] y = t.y;
        final float[] scales = t.x.scales;
        final int g0 = (t.firstRow + row) * t.x.scaleStride() + t.blockOf(group);
        final int[] starts = t.dtype == DType.Q4_0 ? t.x.starts : t.x.noStarts;
        final int y0 = t.yOffset + row * t.yStride + lane;
        final FloatVector scale = FloatVector.fromArray(F, t.scales, (group - t.fromGroup) * PANEL + lane);
        final IntVector b0 = ShortVector.fromArray(S, t.halves, 0).add(IntVector.broadcast(I, starts[g0]).reinterpretAsShorts())
                .reinterpretAsInts();
        ((FloatVector) b0.lanewise(LSHL, 16).lanewise(ASHR, 16).add(b0.lanewise(ASHR, 16)).convert(I2F, 0))
                .fma(scale.mul(scales[g0]), FloatVector.fromArray(F, y, y0)).intoArray(y, y0);
    }

    /** Subtracts the minima of 1 row of outputs. */
    private static void minima1(final IntegerTile t, final int group, final int row, final int lane) {
        final float[] y = t.y;
        final float[] scales = t.x.scales;
        final int g0 = (t.firstRow + row) * t.x.scaleStride() + t.blockOf(group);
        final int y0 = t.yOffset + row * t.yStride + lane;
        final int[] sums = t.x.sums;
        final int part = t.sumOf(group);
        final FloatVector minimum = FloatVector.fromArray(F, t.minima, (group - t.fromGroup) * PANEL + lane);
        minimum.mul(scales[g0]).fma(FloatVector.broadcast(F, -(float) sums[SUMS * g0 + part]), FloatVector.fromArray(F, y, y0))
                .intoArray(y, y0);
    }
}
