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
 * Up to 4 rows of rounded activations by a vector of outputs of int8 weights, straight from stored weights: for batches too
 * small to be worth expanded weights. {@link PairProducts} says how integers are multiplied.
 *
 * <p>Written out in small methods: the compiler keeps named vectors in registers, inlines the Vector API's own methods without limit
 * and any others only up to a budget, and gives up on methods that are too large; vectors then go through the heap. Hence sums
 * pass from a group's products to its scales through scratch. Stateless.
 */
final class ByteTiles {
    private static final VectorSpecies<Float> F = PairProducts.F;
    private static final VectorSpecies<Integer> I = PairProducts.I;
    private static final VectorSpecies<Short> S = PairProducts.S;
    private static final int LANES = PairProducts.LANES;
    private static final int PANEL = ScaleKernels.PANEL;
    private static final int SUMS = RoundedRows.BLOCK_SUMS;
    private static final int ODD = PairProducts.ODD;
    private static final long QUAD = PairProducts.QUAD_BYTES;

    private ByteTiles() {
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
        final int x0 = (t.firstRow + row) * t.x.pairStride() + t.pairOffset(group);
        final int x1 = x0 + t.x.pairStride();
        final int x2 = x1 + t.x.pairStride();
        final int x3 = x2 + t.x.pairStride();
        IntVector s0 = IntVector.zero(I);
        IntVector s1 = IntVector.zero(I);
        IntVector s2 = IntVector.zero(I);
        IntVector s3 = IntVector.zero(I);
        for (int quad = 0; quad < t.quads; quad++) {
            final ShortVector weights = ShortVector.fromMemorySegment(S, w, at + quad * QUAD, LITTLE_ENDIAN);
            final ShortVector even = weights.lanewise(LSHL, 8).lanewise(ASHR, 8);
            final ShortVector odd = weights.lanewise(ASHR, 8);
            final IntVector b0 = even.mul(FloatVector.broadcast(F, pairs[x0 + quad]).reinterpretAsShorts())
                    .add(odd.mul(FloatVector.broadcast(F, pairs[x0 + quad + ODD]).reinterpretAsShorts())).reinterpretAsInts();
            s0 = s0.add(b0.lanewise(LSHL, 16).lanewise(ASHR, 16)).add(b0.lanewise(ASHR, 16));
            final IntVector b1 = even.mul(FloatVector.broadcast(F, pairs[x1 + quad]).reinterpretAsShorts())
                    .add(odd.mul(FloatVector.broadcast(F, pairs[x1 + quad + ODD]).reinterpretAsShorts())).reinterpretAsInts();
            s1 = s1.add(b1.lanewise(LSHL, 16).lanewise(ASHR, 16)).add(b1.lanewise(ASHR, 16));
            final IntVector b2 = even.mul(FloatVector.broadcast(F, pairs[x2 + quad]).reinterpretAsShorts())
                    .add(odd.mul(FloatVector.broadcast(F, pairs[x2 + quad + ODD]).reinterpretAsShorts())).reinterpretAsInts();
            s2 = s2.add(b2.lanewise(LSHL, 16).lanewise(ASHR, 16)).add(b2.lanewise(ASHR, 16));
            final IntVector b3 = even.mul(FloatVector.broadcast(F, pairs[x3 + quad]).reinterpretAsShorts())
                    .add(odd.mul(FloatVector.broadcast(F, pairs[x3 + quad + ODD]).reinterpretAsShorts())).reinterpretAsInts();
            s3 = s3.add(b3.lanewise(LSHL, 16).lanewise(ASHR, 16)).add(b3.lanewise(ASHR, 16));
        }
        ((FloatVector) s0.convert(I2F, 0)).intoArray(t.products, 0);
        ((FloatVector) s1.convert(I2F, 0)).intoArray(t.products, LANES);
        ((FloatVector) s2.convert(I2F, 0)).intoArray(t.products, 2 * LANES);
        ((FloatVector) s3.convert(I2F, 0)).intoArray(t.products, 3 * LANES);
    }

    /** Adds what {@code rows4} left in scratch, times the scales. */
    private static void add4(final IntegerTile t, final int group, final int row, final int lane) {
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
        final FloatVector scale = FloatVector.fromArray(F, t.scales, (group - t.fromGroup) * PANEL + lane);
        FloatVector.fromArray(F, t.products, 0)
                .fma(scale.mul(scales[g0]), FloatVector.fromArray(F, y, y0)).intoArray(y, y0);
        FloatVector.fromArray(F, t.products, LANES)
                .fma(scale.mul(scales[g1]), FloatVector.fromArray(F, y, y1)).intoArray(y, y1);
        FloatVector.fromArray(F, t.products, 2 * LANES)
                .fma(scale.mul(scales[g2]), FloatVector.fromArray(F, y, y2)).intoArray(y, y2);
        FloatVector.fromArray(F, t.products, 3 * LANES)
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
        final int x0 = (t.firstRow + row) * t.x.pairStride() + t.pairOffset(group);
        final int x1 = x0 + t.x.pairStride();
        IntVector s0 = IntVector.zero(I);
        IntVector s1 = IntVector.zero(I);
        for (int quad = 0; quad < t.quads; quad++) {
            final ShortVector weights = ShortVector.fromMemorySegment(S, w, at + quad * QUAD, LITTLE_ENDIAN);
            final ShortVector even = weights.lanewise(LSHL, 8).lanewise(ASHR, 8);
            final ShortVector odd = weights.lanewise(ASHR, 8);
            final IntVector b0 = even.mul(FloatVector.broadcast(F, pairs[x0 + quad]).reinterpretAsShorts())
                    .add(odd.mul(FloatVector.broadcast(F, pairs[x0 + quad + ODD]).reinterpretAsShorts())).reinterpretAsInts();
            s0 = s0.add(b0.lanewise(LSHL, 16).lanewise(ASHR, 16)).add(b0.lanewise(ASHR, 16));
            final IntVector b1 = even.mul(FloatVector.broadcast(F, pairs[x1 + quad]).reinterpretAsShorts())
                    .add(odd.mul(FloatVector.broadcast(F, pairs[x1 + quad + ODD]).reinterpretAsShorts())).reinterpretAsInts();
            s1 = s1.add(b1.lanewise(LSHL, 16).lanewise(ASHR, 16)).add(b1.lanewise(ASHR, 16));
        }
        ((FloatVector) s0.convert(I2F, 0)).intoArray(t.products, 0);
        ((FloatVector) s1.convert(I2F, 0)).intoArray(t.products, LANES);
    }

    /** Adds what {@code rows2} left in scratch, times the scales. */
    private static void add2(final IntegerTile t, final int group, final int row, final int lane) {
        final float[] y = t.y;
        final float[] scales = t.x.scales;
        final int g0 = (t.firstRow + row) * t.x.scaleStride() + t.blockOf(group);
        final int g1 = g0 + t.x.scaleStride();
        final int y0 = t.yOffset + row * t.yStride + lane;
        final int y1 = y0 + t.yStride;
        final FloatVector scale = FloatVector.fromArray(F, t.scales, (group - t.fromGroup) * PANEL + lane);
        FloatVector.fromArray(F, t.products, 0)
                .fma(scale.mul(scales[g0]), FloatVector.fromArray(F, y, y0)).intoArray(y, y0);
        FloatVector.fromArray(F, t.products, LANES)
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
        final int x0 = (t.firstRow + row) * t.x.pairStride() + t.pairOffset(group);
        IntVector s0 = IntVector.zero(I);
        for (int quad = 0; quad < t.quads; quad++) {
            final ShortVector weights = ShortVector.fromMemorySegment(S, w, at + quad * QUAD, LITTLE_ENDIAN);
            final ShortVector even = weights.lanewise(LSHL, 8).lanewise(ASHR, 8);
            final ShortVector odd = weights.lanewise(ASHR, 8);
            final IntVector b0 = even.mul(FloatVector.broadcast(F, pairs[x0 + quad]).reinterpretAsShorts())
                    .add(odd.mul(FloatVector.broadcast(F, pairs[x0 + quad + ODD]).reinterpretAsShorts())).reinterpretAsInts();
            s0 = s0.add(b0.lanewise(LSHL, 16).lanewise(ASHR, 16)).add(b0.lanewise(ASHR, 16));
        }
        ((FloatVector) s0.convert(I2F, 0)).intoArray(t.products, 0);
    }

    /** Adds what {@code rows1} left in scratch, times the scales. */
    private static void add1(final IntegerTile t, final int group, final int row, final int lane) {
        final float[] y = t.y;
        final float[] scales = t.x.scales;
        final int g0 = (t.firstRow + row) * t.x.scaleStride() + t.blockOf(group);
        final int y0 = t.yOffset + row * t.yStride + lane;
        final FloatVector scale = FloatVector.fromArray(F, t.scales, (group - t.fromGroup) * PANEL + lane);
        FloatVector.fromArray(F, t.products, 0)
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
