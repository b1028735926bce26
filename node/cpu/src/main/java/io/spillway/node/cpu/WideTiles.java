package io.spillway.node.cpu;

import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHR;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Rows of rounded activations by one vector of outputs, with {@link WideProducts}: a tile of 8 rows, or its first 4. Two vectors of
 * 64-bit sums hold the outputs, even ones and odd ones; at a group's end the upper halves of both make one vector of integers,
 * which meets the scales as the specification says.
 *
 * <p>Written out, and totals stay in scratch from group to group, for the reasons that {@link GroupTiles} gives. Stateless.
 */
final class WideTiles {
    /** Rows of a tile. */
    static final int ROWS = RoundedRows.TILE_ROWS;
    /** Rows of half a tile. */
    static final int HALF_ROWS = 4;
    private static final VectorSpecies<Float> F = PairProducts.F;
    private static final VectorSpecies<Long> L = WideProducts.L;
    private static final int LANES = PairProducts.LANES;
    private static final int PANEL = ScaleKernels.PANEL;
    private static final int ODD = WideProducts.ODD;
    /** The odd outputs' half of a lane. */
    private static final long UPPER = 0xFFFFFFFF_00000000L;

    private WideTiles() {
    }

    /** Adds the tile's groups to 16 outputs of {@code rows} rows; the first is the first of a tile of activations. */
    static void run(final IntegerTile t, final int rows, final long[] activations) {
        for (int lane = 0; lane < PANEL; lane += LANES) {
            for (int row = 0; row < rows; row += ROWS) {
                tile(t, row, Math.min(ROWS, rows - row), lane, activations);
            }
        }
    }

    /** Sums of outputs stand close together meanwhile: rows of the outputs may lie a power of two apart, which caches dislike. */
    private static void tile(final IntegerTile t, final int row, final int rows, final int lane, final long[] activations) {
        final int at = t.yOffset + row * t.yStride + lane;
        for (int r = 0; r < rows; r++) {
            FloatVector.fromArray(F, t.y, at + r * t.yStride).intoArray(t.sums, r * LANES);
        }
        final int tile = (t.firstRow + row) / ROWS;
        if (rows <= HALF_ROWS) {
            rows4(t, tile, lane, activations);
        } else {
            rows8(t, tile, lane, activations);
        }
        for (int r = 0; r < rows; r++) {
            FloatVector.fromArray(F, t.sums, r * LANES).intoArray(t.y, at + r * t.yStride);
        }
    }

    private static void rows8(final IntegerTile t, final int tile, final int lane, final long[] activations) {
        final long[] w = t.wide;
        final int steps = t.wideSteps;
        final int shift = t.wideShift;
        final long start = t.wideStart;
        final float[] sums = t.sums;
        final float[] scales = t.x.tileScales;
        final float[] weightScales = t.scales;
        final int blocks = t.x.scaleStride();
        final int x = (tile * blocks + t.fromGroup) * steps * ROWS;
        final int s0 = (tile * blocks + t.fromGroup) * ROWS;
        final int groups = t.toGroup - t.fromGroup;
        for (int group = 0; group < groups; group++) {
            final int xGroup = x + group * steps * ROWS;
            final int w0 = group * steps * PANEL + lane;
            LongVector a0 = LongVector.broadcast(L, start);
            LongVector b0 = LongVector.broadcast(L, start);
            LongVector a1 = LongVector.broadcast(L, start);
            LongVector b1 = LongVector.broadcast(L, start);
            LongVector a2 = LongVector.broadcast(L, start);
            LongVector b2 = LongVector.broadcast(L, start);
            LongVector a3 = LongVector.broadcast(L, start);
            LongVector b3 = LongVector.broadcast(L, start);
            LongVector a4 = LongVector.broadcast(L, start);
            LongVector b4 = LongVector.broadcast(L, start);
            LongVector a5 = LongVector.broadcast(L, start);
            LongVector b5 = LongVector.broadcast(L, start);
            LongVector a6 = LongVector.broadcast(L, start);
            LongVector b6 = LongVector.broadcast(L, start);
            LongVector a7 = LongVector.broadcast(L, start);
            LongVector b7 = LongVector.broadcast(L, start);
            for (int k = 0; k < steps; k++) {
                final int at = xGroup + k * ROWS;
                final LongVector even = LongVector.fromArray(L, w, w0 + k * PANEL);
                final LongVector odd = LongVector.fromArray(L, w, w0 + k * PANEL + ODD);
                final LongVector x0 = LongVector.broadcast(L, activations[at]);
                a0 = a0.add(x0.mul(even));
                b0 = b0.add(x0.mul(odd));
                final LongVector x1 = LongVector.broadcast(L, activations[at + 1]);
                a1 = a1.add(x1.mul(even));
                b1 = b1.add(x1.mul(odd));
                final LongVector x2 = LongVector.broadcast(L, activations[at + 2]);
                a2 = a2.add(x2.mul(even));
                b2 = b2.add(x2.mul(odd));
                final LongVector x3 = LongVector.broadcast(L, activations[at + 3]);
                a3 = a3.add(x3.mul(even));
                b3 = b3.add(x3.mul(odd));
                final LongVector x4 = LongVector.broadcast(L, activations[at + 4]);
                a4 = a4.add(x4.mul(even));
                b4 = b4.add(x4.mul(odd));
                final LongVector x5 = LongVector.broadcast(L, activations[at + 5]);
                a5 = a5.add(x5.mul(even));
                b5 = b5.add(x5.mul(odd));
                final LongVector x6 = LongVector.broadcast(L, activations[at + 6]);
                a6 = a6.add(x6.mul(even));
                b6 = b6.add(x6.mul(odd));
                final LongVector x7 = LongVector.broadcast(L, activations[at + 7]);
                a7 = a7.add(x7.mul(even));
                b7 = b7.add(x7.mul(odd));
            }
            final int s = s0 + group * ROWS;
            final FloatVector v = FloatVector.fromArray(F, weightScales, group * PANEL + lane);
            ((FloatVector) a0.lanewise(LSHR, 32).or(b0.and(UPPER)).reinterpretAsInts().lanewise(ASHR, shift).convert(I2F, 0))
                    .fma(v.mul(scales[s]), FloatVector.fromArray(F, sums, 0)).intoArray(sums, 0);
            ((FloatVector) a1.lanewise(LSHR, 32).or(b1.and(UPPER)).reinterpretAsInts().lanewise(ASHR, shift).convert(I2F, 0))
                    .fma(v.mul(scales[s + 1]), FloatVector.fromArray(F, sums, LANES)).intoArray(sums, LANES);
            ((FloatVector) a2.lanewise(LSHR, 32).or(b2.and(UPPER)).reinterpretAsInts().lanewise(ASHR, shift).convert(I2F, 0))
                    .fma(v.mul(scales[s + 2]), FloatVector.fromArray(F, sums, 2 * LANES)).intoArray(sums, 2 * LANES);
            ((FloatVector) a3.lanewise(LSHR, 32).or(b3.and(UPPER)).reinterpretAsInts().lanewise(ASHR, shift).convert(I2F, 0))
                    .fma(v.mul(scales[s + 3]), FloatVector.fromArray(F, sums, 3 * LANES)).intoArray(sums, 3 * LANES);
            ((FloatVector) a4.lanewise(LSHR, 32).or(b4.and(UPPER)).reinterpretAsInts().lanewise(ASHR, shift).convert(I2F, 0))
                    .fma(v.mul(scales[s + 4]), FloatVector.fromArray(F, sums, 4 * LANES)).intoArray(sums, 4 * LANES);
            ((FloatVector) a5.lanewise(LSHR, 32).or(b5.and(UPPER)).reinterpretAsInts().lanewise(ASHR, shift).convert(I2F, 0))
                    .fma(v.mul(scales[s + 5]), FloatVector.fromArray(F, sums, 5 * LANES)).intoArray(sums, 5 * LANES);
            ((FloatVector) a6.lanewise(LSHR, 32).or(b6.and(UPPER)).reinterpretAsInts().lanewise(ASHR, shift).convert(I2F, 0))
                    .fma(v.mul(scales[s + 6]), FloatVector.fromArray(F, sums, 6 * LANES)).intoArray(sums, 6 * LANES);
            ((FloatVector) a7.lanewise(LSHR, 32).or(b7.and(UPPER)).reinterpretAsInts().lanewise(ASHR, shift).convert(I2F, 0))
                    .fma(v.mul(scales[s + 7]), FloatVector.fromArray(F, sums, 7 * LANES)).intoArray(sums, 7 * LANES);
        }
    }

    private static void rows4(final IntegerTile t, final int tile, final int lane, final long[] activations) {
        final long[] w = t.wide;
        final int steps = t.wideSteps;
        final int shift = t.wideShift;
        final long start = t.wideStart;
        final float[] sums = t.sums;
        final float[] scales = t.x.tileScales;
        final float[] weightScales = t.scales;
        final int blocks = t.x.scaleStride();
        final int x = (tile * blocks + t.fromGroup) * steps * ROWS;
        final int s0 = (tile * blocks + t.fromGroup) * ROWS;
        final int groups = t.toGroup - t.fromGroup;
        for (int group = 0; group < groups; group++) {
            final int xGroup = x + group * steps * ROWS;
            final int w0 = group * steps * PANEL + lane;
            LongVector a0 = LongVector.broadcast(L, start);
            LongVector b0 = LongVector.broadcast(L, start);
            LongVector a1 = LongVector.broadcast(L, start);
            LongVector b1 = LongVector.broadcast(L, start);
            LongVector a2 = LongVector.broadcast(L, start);
            LongVector b2 = LongVector.broadcast(L, start);
            LongVector a3 = LongVector.broadcast(L, start);
            LongVector b3 = LongVector.broadcast(L, start);
            for (int k = 0; k < steps; k++) {
                final int at = xGroup + k * ROWS;
                final LongVector even = LongVector.fromArray(L, w, w0 + k * PANEL);
                final LongVector odd = LongVector.fromArray(L, w, w0 + k * PANEL + ODD);
                final LongVector x0 = LongVector.broadcast(L, activations[at]);
                a0 = a0.add(x0.mul(even));
                b0 = b0.add(x0.mul(odd));
                final LongVector x1 = LongVector.broadcast(L, activations[at + 1]);
                a1 = a1.add(x1.mul(even));
                b1 = b1.add(x1.mul(odd));
                final LongVector x2 = LongVector.broadcast(L, activations[at + 2]);
                a2 = a2.add(x2.mul(even));
                b2 = b2.add(x2.mul(odd));
                final LongVector x3 = LongVector.broadcast(L, activations[at + 3]);
                a3 = a3.add(x3.mul(even));
                b3 = b3.add(x3.mul(odd));
            }
            final int s = s0 + group * ROWS;
            final FloatVector v = FloatVector.fromArray(F, weightScales, group * PANEL + lane);
            ((FloatVector) a0.lanewise(LSHR, 32).or(b0.and(UPPER)).reinterpretAsInts().lanewise(ASHR, shift).convert(I2F, 0))
                    .fma(v.mul(scales[s]), FloatVector.fromArray(F, sums, 0)).intoArray(sums, 0);
            ((FloatVector) a1.lanewise(LSHR, 32).or(b1.and(UPPER)).reinterpretAsInts().lanewise(ASHR, shift).convert(I2F, 0))
                    .fma(v.mul(scales[s + 1]), FloatVector.fromArray(F, sums, LANES)).intoArray(sums, LANES);
            ((FloatVector) a2.lanewise(LSHR, 32).or(b2.and(UPPER)).reinterpretAsInts().lanewise(ASHR, shift).convert(I2F, 0))
                    .fma(v.mul(scales[s + 2]), FloatVector.fromArray(F, sums, 2 * LANES)).intoArray(sums, 2 * LANES);
            ((FloatVector) a3.lanewise(LSHR, 32).or(b3.and(UPPER)).reinterpretAsInts().lanewise(ASHR, shift).convert(I2F, 0))
                    .fma(v.mul(scales[s + 3]), FloatVector.fromArray(F, sums, 3 * LANES)).intoArray(sums, 3 * LANES);
        }
    }
}
