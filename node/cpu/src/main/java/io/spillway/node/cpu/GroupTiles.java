package io.spillway.node.cpu;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Up to 8 rows by 2 vectors of outputs over expanded integers: weights and rounded activations as floats. The sum of a group's
 * products is an integer below 2^24, hence exact, whatever the order; then it meets the scales as the specification says. As fast
 * as the product of floats, which is twice the speed of products in 16 bits that must be widened. For many rows.
 *
 * <p>Written out in small methods: the compiler keeps named vectors in registers, inlines the Vector API's own methods without limit
 * and any others only up to a budget, and gives up on methods that are too large; vectors then go through the heap. Hence sums
 * pass from a group's products to its scales through scratch. Stateless.
 */
final class GroupTiles {
    private static final VectorSpecies<Float> F = PairProducts.F;
    private static final int LANES = PairProducts.LANES;
    private static final int PANEL = ScaleKernels.PANEL;
    private static final int SUMS = RoundedRows.BLOCK_SUMS;
    /** Bytes of an expanded column of a panel. */
    private static final long COLUMN = PANEL * (long) Float.BYTES;

    private GroupTiles() {
    }

    /** Adds the tile's groups to {@code columns} outputs of {@code rows} rows. */
    static void run(final IntegerTile t, final int rows, final int columns) {
        for (int column = 0; column < columns; column += 2 * LANES) {
            int row = 0;
            for (; row + 8 <= rows; row += 8) {
                tile8(t, row, column);
            }
            for (; row + 2 <= rows; row += 2) {
                tile2(t, row, column);
            }
            if (row < rows) {
                tile1(t, row, column);
            }
        }
    }

    private static void tile8(final IntegerTile t, final int row, final int column) {
        for (int group = t.fromGroup; group < t.toGroup; group++) {
            rows8(t, group, row, column);
            add8(t, group, row, column);
            if (t.hasMinima) {
                minima8(t, group, row, column);
            }
        }
    }

    private static void tile2(final IntegerTile t, final int row, final int column) {
        for (int group = t.fromGroup; group < t.toGroup; group++) {
            rows2(t, group, row, column);
            add2(t, group, row, column);
            if (t.hasMinima) {
                minima2(t, group, row, column);
            }
        }
    }

    private static void tile1(final IntegerTile t, final int row, final int column) {
        for (int group = t.fromGroup; group < t.toGroup; group++) {
            rows1(t, group, row, column);
            add1(t, group, row, column);
            if (t.hasMinima) {
                minima1(t, group, row, column);
            }
        }
    }

    /** Products of a group of columns: 8 rows by 2 vectors of outputs. */
    private static void rows8(final IntegerTile t, final int group, final int row, final int column) {
        final MemorySegment w = t.expanded;
        final int groupColumns = 4 * t.quads;
        final long base = (group - t.fromGroup) * groupColumns * COLUMN;
        final long w0 = base + t.expandedOffset(column);
        final long w1 = base + t.expandedOffset(column + LANES);
        final float[] x = t.x.integers;
        final int x0 = (t.firstRow + row) * t.x.columns() + group * groupColumns;
        final int x1 = x0 + t.x.columns();
        final int x2 = x1 + t.x.columns();
        final int x3 = x2 + t.x.columns();
        final int x4 = x3 + t.x.columns();
        final int x5 = x4 + t.x.columns();
        final int x6 = x5 + t.x.columns();
        final int x7 = x6 + t.x.columns();
        FloatVector s00 = FloatVector.zero(F);
        FloatVector s01 = FloatVector.zero(F);
        FloatVector s10 = FloatVector.zero(F);
        FloatVector s11 = FloatVector.zero(F);
        FloatVector s20 = FloatVector.zero(F);
        FloatVector s21 = FloatVector.zero(F);
        FloatVector s30 = FloatVector.zero(F);
        FloatVector s31 = FloatVector.zero(F);
        FloatVector s40 = FloatVector.zero(F);
        FloatVector s41 = FloatVector.zero(F);
        FloatVector s50 = FloatVector.zero(F);
        FloatVector s51 = FloatVector.zero(F);
        FloatVector s60 = FloatVector.zero(F);
        FloatVector s61 = FloatVector.zero(F);
        FloatVector s70 = FloatVector.zero(F);
        FloatVector s71 = FloatVector.zero(F);
        for (int k = 0; k < groupColumns; k++) {
            final FloatVector b0 = FloatVector.fromMemorySegment(F, w, w0 + k * COLUMN, LITTLE_ENDIAN);
            final FloatVector b1 = FloatVector.fromMemorySegment(F, w, w1 + k * COLUMN, LITTLE_ENDIAN);
            final FloatVector a0 = FloatVector.broadcast(F, x[x0 + k]);
            s00 = a0.fma(b0, s00);
            s01 = a0.fma(b1, s01);
            final FloatVector a1 = FloatVector.broadcast(F, x[x1 + k]);
            s10 = a1.fma(b0, s10);
            s11 = a1.fma(b1, s11);
            final FloatVector a2 = FloatVector.broadcast(F, x[x2 + k]);
            s20 = a2.fma(b0, s20);
            s21 = a2.fma(b1, s21);
            final FloatVector a3 = FloatVector.broadcast(F, x[x3 + k]);
            s30 = a3.fma(b0, s30);
            s31 = a3.fma(b1, s31);
            final FloatVector a4 = FloatVector.broadcast(F, x[x4 + k]);
            s40 = a4.fma(b0, s40);
            s41 = a4.fma(b1, s41);
            final FloatVector a5 = FloatVector.broadcast(F, x[x5 + k]);
            s50 = a5.fma(b0, s50);
            s51 = a5.fma(b1, s51);
            final FloatVector a6 = FloatVector.broadcast(F, x[x6 + k]);
            s60 = a6.fma(b0, s60);
            s61 = a6.fma(b1, s61);
            final FloatVector a7 = FloatVector.broadcast(F, x[x7 + k]);
            s70 = a7.fma(b0, s70);
            s71 = a7.fma(b1, s71);
        }
        s00.intoArray(t.products, 0);
        s01.intoArray(t.products, LANES);
        s10.intoArray(t.products, 2 * LANES);
        s11.intoArray(t.products, 3 * LANES);
        s20.intoArray(t.products, 4 * LANES);
        s21.intoArray(t.products, 5 * LANES);
        s30.intoArray(t.products, 6 * LANES);
        s31.intoArray(t.products, 7 * LANES);
        s40.intoArray(t.products, 8 * LANES);
        s41.intoArray(t.products, 9 * LANES);
        s50.intoArray(t.products, 10 * LANES);
        s51.intoArray(t.products, 11 * LANES);
        s60.intoArray(t.products, 12 * LANES);
        s61.intoArray(t.products, 13 * LANES);
        s70.intoArray(t.products, 14 * LANES);
        s71.intoArray(t.products, 15 * LANES);
    }

    /** Adds what {@code rows8} left in scratch, times the scales. */
    private static void add8(final IntegerTile t, final int group, final int row, final int column) {
        final float[] y = t.y;
        final float[] scales = t.x.scales;
        final int at = (group - t.fromGroup) * PANEL;
        final int g0 = (t.firstRow + row) * t.x.scaleStride() + t.blockOf(group);
        final int g1 = g0 + t.x.scaleStride();
        final int g2 = g1 + t.x.scaleStride();
        final int g3 = g2 + t.x.scaleStride();
        final int g4 = g3 + t.x.scaleStride();
        final int g5 = g4 + t.x.scaleStride();
        final int g6 = g5 + t.x.scaleStride();
        final int g7 = g6 + t.x.scaleStride();
        final int y0 = t.yOffset + row * t.yStride + column;
        final int y1 = y0 + t.yStride;
        final int y2 = y1 + t.yStride;
        final int y3 = y2 + t.yStride;
        final int y4 = y3 + t.yStride;
        final int y5 = y4 + t.yStride;
        final int y6 = y5 + t.yStride;
        final int y7 = y6 + t.yStride;
        final FloatVector v0 = FloatVector.fromArray(F, t.scales, t.scaleOffset(column) + at);
        final FloatVector v1 = FloatVector.fromArray(F, t.scales, t.scaleOffset(column + LANES) + at);
        FloatVector.fromArray(F, t.products, 0).fma(v0.mul(scales[g0]), FloatVector.fromArray(F, y, y0))
                .intoArray(y, y0);
        FloatVector.fromArray(F, t.products, LANES).fma(v1.mul(scales[g0]), FloatVector.fromArray(F, y, y0 + LANES))
                .intoArray(y, y0 + LANES);
        FloatVector.fromArray(F, t.products, 2 * LANES).fma(v0.mul(scales[g1]), FloatVector.fromArray(F, y, y1))
                .intoArray(y, y1);
        FloatVector.fromArray(F, t.products, 3 * LANES).fma(v1.mul(scales[g1]), FloatVector.fromArray(F, y, y1 + LANES))
                .intoArray(y, y1 + LANES);
        FloatVector.fromArray(F, t.products, 4 * LANES).fma(v0.mul(scales[g2]), FloatVector.fromArray(F, y, y2))
                .intoArray(y, y2);
        FloatVector.fromArray(F, t.products, 5 * LANES).fma(v1.mul(scales[g2]), FloatVector.fromArray(F, y, y2 + LANES))
                .intoArray(y, y2 + LANES);
        FloatVector.fromArray(F, t.products, 6 * LANES).fma(v0.mul(scales[g3]), FloatVector.fromArray(F, y, y3))
                .intoArray(y, y3);
        FloatVector.fromArray(F, t.products, 7 * LANES).fma(v1.mul(scales[g3]), FloatVector.fromArray(F, y, y3 + LANES))
                .intoArray(y, y3 + LANES);
        FloatVector.fromArray(F, t.products, 8 * LANES).fma(v0.mul(scales[g4]), FloatVector.fromArray(F, y, y4))
                .intoArray(y, y4);
        FloatVector.fromArray(F, t.products, 9 * LANES).fma(v1.mul(scales[g4]), FloatVector.fromArray(F, y, y4 + LANES))
                .intoArray(y, y4 + LANES);
        FloatVector.fromArray(F, t.products, 10 * LANES).fma(v0.mul(scales[g5]), FloatVector.fromArray(F, y, y5))
                .intoArray(y, y5);
        FloatVector.fromArray(F, t.products, 11 * LANES).fma(v1.mul(scales[g5]), FloatVector.fromArray(F, y, y5 + LANES))
                .intoArray(y, y5 + LANES);
        FloatVector.fromArray(F, t.products, 12 * LANES).fma(v0.mul(scales[g6]), FloatVector.fromArray(F, y, y6))
                .intoArray(y, y6);
        FloatVector.fromArray(F, t.products, 13 * LANES).fma(v1.mul(scales[g6]), FloatVector.fromArray(F, y, y6 + LANES))
                .intoArray(y, y6 + LANES);
        FloatVector.fromArray(F, t.products, 14 * LANES).fma(v0.mul(scales[g7]), FloatVector.fromArray(F, y, y7))
                .intoArray(y, y7);
        FloatVector.fromArray(F, t.products, 15 * LANES).fma(v1.mul(scales[g7]), FloatVector.fromArray(F, y, y7 + LANES))
                .intoArray(y, y7 + LANES);
    }

    /** Subtracts the minima of 8 rows of outputs. */
    private static void minima8(final IntegerTile t, final int group, final int row, final int column) {
        final float[] y = t.y;
        final float[] scales = t.x.scales;
        final int at = (group - t.fromGroup) * PANEL;
        final int g0 = (t.firstRow + row) * t.x.scaleStride() + t.blockOf(group);
        final int g1 = g0 + t.x.scaleStride();
        final int g2 = g1 + t.x.scaleStride();
        final int g3 = g2 + t.x.scaleStride();
        final int g4 = g3 + t.x.scaleStride();
        final int g5 = g4 + t.x.scaleStride();
        final int g6 = g5 + t.x.scaleStride();
        final int g7 = g6 + t.x.scaleStride();
        final int y0 = t.yOffset + row * t.yStride + column;
        final int y1 = y0 + t.yStride;
        final int y2 = y1 + t.yStride;
        final int y3 = y2 + t.yStride;
        final int y4 = y3 + t.yStride;
        final int y5 = y4 + t.yStride;
        final int y6 = y5 + t.yStride;
        final int y7 = y6 + t.yStride;
        final FloatVector v0 = FloatVector.fromArray(F, t.minima, t.scaleOffset(column) + at);
        final FloatVector v1 = FloatVector.fromArray(F, t.minima, t.scaleOffset(column + LANES) + at);
        final int[] sums = t.x.sums;
        final int part = t.sumOf(group);
        final FloatVector e0 = FloatVector.broadcast(F, -(float) sums[SUMS * g0 + part]);
        v0.mul(scales[g0]).fma(e0, FloatVector.fromArray(F, y, y0)).intoArray(y, y0);
        v1.mul(scales[g0]).fma(e0, FloatVector.fromArray(F, y, y0 + LANES)).intoArray(y, y0 + LANES);
        final FloatVector e1 = FloatVector.broadcast(F, -(float) sums[SUMS * g1 + part]);
        v0.mul(scales[g1]).fma(e1, FloatVector.fromArray(F, y, y1)).intoArray(y, y1);
        v1.mul(scales[g1]).fma(e1, FloatVector.fromArray(F, y, y1 + LANES)).intoArray(y, y1 + LANES);
        final FloatVector e2 = FloatVector.broadcast(F, -(float) sums[SUMS * g2 + part]);
        v0.mul(scales[g2]).fma(e2, FloatVector.fromArray(F, y, y2)).intoArray(y, y2);
        v1.mul(scales[g2]).fma(e2, FloatVector.fromArray(F, y, y2 + LANES)).intoArray(y, y2 + LANES);
        final FloatVector e3 = FloatVector.broadcast(F, -(float) sums[SUMS * g3 + part]);
        v0.mul(scales[g3]).fma(e3, FloatVector.fromArray(F, y, y3)).intoArray(y, y3);
        v1.mul(scales[g3]).fma(e3, FloatVector.fromArray(F, y, y3 + LANES)).intoArray(y, y3 + LANES);
        final FloatVector e4 = FloatVector.broadcast(F, -(float) sums[SUMS * g4 + part]);
        v0.mul(scales[g4]).fma(e4, FloatVector.fromArray(F, y, y4)).intoArray(y, y4);
        v1.mul(scales[g4]).fma(e4, FloatVector.fromArray(F, y, y4 + LANES)).intoArray(y, y4 + LANES);
        final FloatVector e5 = FloatVector.broadcast(F, -(float) sums[SUMS * g5 + part]);
        v0.mul(scales[g5]).fma(e5, FloatVector.fromArray(F, y, y5)).intoArray(y, y5);
        v1.mul(scales[g5]).fma(e5, FloatVector.fromArray(F, y, y5 + LANES)).intoArray(y, y5 + LANES);
        final FloatVector e6 = FloatVector.broadcast(F, -(float) sums[SUMS * g6 + part]);
        v0.mul(scales[g6]).fma(e6, FloatVector.fromArray(F, y, y6)).intoArray(y, y6);
        v1.mul(scales[g6]).fma(e6, FloatVector.fromArray(F, y, y6 + LANES)).intoArray(y, y6 + LANES);
        final FloatVector e7 = FloatVector.broadcast(F, -(float) sums[SUMS * g7 + part]);
        v0.mul(scales[g7]).fma(e7, FloatVector.fromArray(F, y, y7)).intoArray(y, y7);
        v1.mul(scales[g7]).fma(e7, FloatVector.fromArray(F, y, y7 + LANES)).intoArray(y, y7 + LANES);
    }

    /** Products of a group of columns: 2 rows by 2 vectors of outputs. */
    private static void rows2(final IntegerTile t, final int group, final int row, final int column) {
        final MemorySegment w = t.expanded;
        final int groupColumns = 4 * t.quads;
        final long base = (group - t.fromGroup) * groupColumns * COLUMN;
        final long w0 = base + t.expandedOffset(column);
        final long w1 = base + t.expandedOffset(column + LANES);
        final float[] x = t.x.integers;
        final int x0 = (t.firstRow + row) * t.x.columns() + group * groupColumns;
        final int x1 = x0 + t.x.columns();
        FloatVector s00 = FloatVector.zero(F);
        FloatVector s01 = FloatVector.zero(F);
        FloatVector s10 = FloatVector.zero(F);
        FloatVector s11 = FloatVector.zero(F);
        for (int k = 0; k < groupColumns; k++) {
            final FloatVector b0 = FloatVector.fromMemorySegment(F, w, w0 + k * COLUMN, LITTLE_ENDIAN);
            final FloatVector b1 = FloatVector.fromMemorySegment(F, w, w1 + k * COLUMN, LITTLE_ENDIAN);
            final FloatVector a0 = FloatVector.broadcast(F, x[x0 + k]);
            s00 = a0.fma(b0, s00);
            s01 = a0.fma(b1, s01);
            final FloatVector a1 = FloatVector.broadcast(F, x[x1 + k]);
            s10 = a1.fma(b0, s10);
            s11 = a1.fma(b1, s11);
        }
        s00.intoArray(t.products, 0);
        s01.intoArray(t.products, LANES);
        s10.intoArray(t.products, 2 * LANES);
        s11.intoArray(t.products, 3 * LANES);
    }

    /** Adds what {@code rows2} left in scratch, times the scales. */
    private static void add2(final IntegerTile t, final int group, final int row, final int column) {
        final float[] y = t.y;
        final float[] scales = t.x.scales;
        final int at = (group - t.fromGroup) * PANEL;
        final int g0 = (t.firstRow + row) * t.x.scaleStride() + t.blockOf(group);
        final int g1 = g0 + t.x.scaleStride();
        final int y0 = t.yOffset + row * t.yStride + column;
        final int y1 = y0 + t.yStride;
        final FloatVector v0 = FloatVector.fromArray(F, t.scales, t.scaleOffset(column) + at);
        final FloatVector v1 = FloatVector.fromArray(F, t.scales, t.scaleOffset(column + LANES) + at);
        FloatVector.fromArray(F, t.products, 0).fma(v0.mul(scales[g0]), FloatVector.fromArray(F, y, y0))
                .intoArray(y, y0);
        FloatVector.fromArray(F, t.products, LANES).fma(v1.mul(scales[g0]), FloatVector.fromArray(F, y, y0 + LANES))
                .intoArray(y, y0 + LANES);
        FloatVector.fromArray(F, t.products, 2 * LANES).fma(v0.mul(scales[g1]), FloatVector.fromArray(F, y, y1))
                .intoArray(y, y1);
        FloatVector.fromArray(F, t.products, 3 * LANES).fma(v1.mul(scales[g1]), FloatVector.fromArray(F, y, y1 + LANES))
                .intoArray(y, y1 + LANES);
    }

    /** Subtracts the minima of 2 rows of outputs. */
    private static void minima2(final IntegerTile t, final int group, final int row, final int column) {
        final float[] y = t.y;
        final float[] scales = t.x.scales;
        final int at = (group - t.fromGroup) * PANEL;
        final int g0 = (t.firstRow + row) * t.x.scaleStride() + t.blockOf(group);
        final int g1 = g0 + t.x.scaleStride();
        final int y0 = t.yOffset + row * t.yStride + column;
        final int y1 = y0 + t.yStride;
        final FloatVector v0 = FloatVector.fromArray(F, t.minima, t.scaleOffset(column) + at);
        final FloatVector v1 = FloatVector.fromArray(F, t.minima, t.scaleOffset(column + LANES) + at);
        final int[] sums = t.x.sums;
        final int part = t.sumOf(group);
        final FloatVector e0 = FloatVector.broadcast(F, -(float) sums[SUMS * g0 + part]);
        v0.mul(scales[g0]).fma(e0, FloatVector.fromArray(F, y, y0)).intoArray(y, y0);
        v1.mul(scales[g0]).fma(e0, FloatVector.fromArray(F, y, y0 + LANES)).intoArray(y, y0 + LANES);
        final FloatVector e1 = FloatVector.broadcast(F, -(float) sums[SUMS * g1 + part]);
        v0.mul(scales[g1]).fma(e1, FloatVector.fromArray(F, y, y1)).intoArray(y, y1);
        v1.mul(scales[g1]).fma(e1, FloatVector.fromArray(F, y, y1 + LANES)).intoArray(y, y1 + LANES);
    }

    /** Products of a group of columns: 1 row by 2 vectors of outputs. */
    private static void rows1(final IntegerTile t, final int group, final int row, final int column) {
        final MemorySegment w = t.expanded;
        final int groupColumns = 4 * t.quads;
        final long base = (group - t.fromGroup) * groupColumns * COLUMN;
        final long w0 = base + t.expandedOffset(column);
        final long w1 = base + t.expandedOffset(column + LANES);
        final float[] x = t.x.integers;
        final int x0 = (t.firstRow + row) * t.x.columns() + group * groupColumns;
        FloatVector s00 = FloatVector.zero(F);
        FloatVector s01 = FloatVector.zero(F);
        for (int k = 0; k < groupColumns; k++) {
            final FloatVector b0 = FloatVector.fromMemorySegment(F, w, w0 + k * COLUMN, LITTLE_ENDIAN);
            final FloatVector b1 = FloatVector.fromMemorySegment(F, w, w1 + k * COLUMN, LITTLE_ENDIAN);
            final FloatVector a0 = FloatVector.broadcast(F, x[x0 + k]);
            s00 = a0.fma(b0, s00);
            s01 = a0.fma(b1, s01);
        }
        s00.intoArray(t.products, 0);
        s01.intoArray(t.products, LANES);
    }

    /** Adds what {@code rows1} left in scratch, times the scales. */
    private static void add1(final IntegerTile t, final int group, final int row, final int column) {
        final float[] y = t.y;
        final float[] scales = t.x.scales;
        final int at = (group - t.fromGroup) * PANEL;
        final int g0 = (t.firstRow + row) * t.x.scaleStride() + t.blockOf(group);
        final int y0 = t.yOffset + row * t.yStride + column;
        final FloatVector v0 = FloatVector.fromArray(F, t.scales, t.scaleOffset(column) + at);
        final FloatVector v1 = FloatVector.fromArray(F, t.scales, t.scaleOffset(column + LANES) + at);
        FloatVector.fromArray(F, t.products, 0).fma(v0.mul(scales[g0]), FloatVector.fromArray(F, y, y0))
                .intoArray(y, y0);
        FloatVector.fromArray(F, t.products, LANES).fma(v1.mul(scales[g0]), FloatVector.fromArray(F, y, y0 + LANES))
                .intoArray(y, y0 + LANES);
    }

    /** Subtracts the minima of 1 row of outputs. */
    private static void minima1(final IntegerTile t, final int group, final int row, final int column) {
        final float[] y = t.y;
        final float[] scales = t.x.scales;
        final int at = (group - t.fromGroup) * PANEL;
        final int g0 = (t.firstRow + row) * t.x.scaleStride() + t.blockOf(group);
        final int y0 = t.yOffset + row * t.yStride + column;
        final FloatVector v0 = FloatVector.fromArray(F, t.minima, t.scaleOffset(column) + at);
        final FloatVector v1 = FloatVector.fromArray(F, t.minima, t.scaleOffset(column + LANES) + at);
        final int[] sums = t.x.sums;
        final int part = t.sumOf(group);
        final FloatVector e0 = FloatVector.broadcast(F, -(float) sums[SUMS * g0 + part]);
        v0.mul(scales[g0]).fma(e0, FloatVector.fromArray(F, y, y0)).intoArray(y, y0);
        v1.mul(scales[g0]).fma(e0, FloatVector.fromArray(F, y, y0 + LANES)).intoArray(y, y0 + LANES);
    }
}
