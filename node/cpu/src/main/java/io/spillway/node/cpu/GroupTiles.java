package io.spillway.node.cpu;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Register blocks over expanded integers: weights and rounded activations as floats. The sum of a group's products is an
 * integer below 2^24, hence exact, whatever the order; then it meets the scales as the specification says. As fast as the
 * product of floats, which is twice the speed of products in 16 bits that must be widened. For many rows.
 *
 * <p>Written out because the compiler keeps named vectors in registers and inlines the Vector API's own methods only without
 * limit. Stateless.
 */
final class GroupTiles {
    private static final VectorSpecies<Float> F = PairProducts.F;
    private static final int LANES = PairProducts.LANES;
    private static final int PANEL = ScaleKernels.PANEL;
    private static final int BLOCK_SUMS = RoundedRows.BLOCK_SUMS;
    /** Bytes of an expanded column of a panel. */
    private static final long COLUMN = PANEL * (long) Float.BYTES;

    private GroupTiles() {
    }

    /** Adds the tile's groups to 64 outputs of {@code rows} rows. */
    static void run(final IntegerTile t, final int rows, final int columns) {
        for (int column = 0; column < columns; column += 2 * LANES) {
            if (t.hasMinima) {
                rowsWithMinima(t, rows, column);
            } else {
                rows(t, rows, column);
            }
        }
    }

    private static void rows(final IntegerTile t, final int rows, final int column) {
        int row = 0;
        for (; row + 8 <= rows; row += 8) {
            rows8(t, row, column);
        }
        for (; row + 2 <= rows; row += 2) {
            rows2(t, row, column);
        }
        if (row < rows) {
            rows1(t, row, column);
        }
    }

    private static void rowsWithMinima(final IntegerTile t, final int rows, final int column) {
        int row = 0;
        for (; row + 8 <= rows; row += 8) {
            rows8WithMinima(t, row, column);
        }
        for (; row + 2 <= rows; row += 2) {
            rows2WithMinima(t, row, column);
        }
        if (row < rows) {
            rows1WithMinima(t, row, column);
        }
    }

    /** 8 rows by 2 vectors from there on. */
    private static void rows8(final IntegerTile t, final int row, final int column) {
        final MemorySegment w = t.expanded;
        final long w0 = t.expandedOffset(column);
        final long w1 = t.expandedOffset(column + LANES);
        final int c0 = t.scaleOffset(column);
        final int c1 = t.scaleOffset(column + LANES);
        final int groupColumns = 4 * t.quads;
        final int shift = t.quads == 8 ? 0 : 1;
        final int fromGroup = t.fromGroup;
        final int toGroup = t.toGroup;
        final float[] x = t.x.integers;
        final float[] scales = t.x.scales;
        final float[] y = t.y;
        final int x0 = (t.firstRow + row) * t.x.columns();
        final int x1 = x0 + t.x.columns();
        final int x2 = x1 + t.x.columns();
        final int x3 = x2 + t.x.columns();
        final int x4 = x3 + t.x.columns();
        final int x5 = x4 + t.x.columns();
        final int x6 = x5 + t.x.columns();
        final int x7 = x6 + t.x.columns();
        final int g0 = (t.firstRow + row) * t.x.scaleStride();
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
        for (int group = fromGroup; group < toGroup; group++) {
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
            final int from = group * groupColumns;
            final long base = (from - fromGroup * groupColumns) * COLUMN;
            for (int k = 0; k < groupColumns; k++) {
                final FloatVector b0 = FloatVector.fromMemorySegment(F, w, w0 + base + k * COLUMN, LITTLE_ENDIAN);
                final FloatVector b1 = FloatVector.fromMemorySegment(F, w, w1 + base + k * COLUMN, LITTLE_ENDIAN);
                final FloatVector a0 = FloatVector.broadcast(F, x[x0 + from + k]);
                s00 = a0.fma(b0, s00);
                s01 = a0.fma(b1, s01);
                final FloatVector a1 = FloatVector.broadcast(F, x[x1 + from + k]);
                s10 = a1.fma(b0, s10);
                s11 = a1.fma(b1, s11);
                final FloatVector a2 = FloatVector.broadcast(F, x[x2 + from + k]);
                s20 = a2.fma(b0, s20);
                s21 = a2.fma(b1, s21);
                final FloatVector a3 = FloatVector.broadcast(F, x[x3 + from + k]);
                s30 = a3.fma(b0, s30);
                s31 = a3.fma(b1, s31);
                final FloatVector a4 = FloatVector.broadcast(F, x[x4 + from + k]);
                s40 = a4.fma(b0, s40);
                s41 = a4.fma(b1, s41);
                final FloatVector a5 = FloatVector.broadcast(F, x[x5 + from + k]);
                s50 = a5.fma(b0, s50);
                s51 = a5.fma(b1, s51);
                final FloatVector a6 = FloatVector.broadcast(F, x[x6 + from + k]);
                s60 = a6.fma(b0, s60);
                s61 = a6.fma(b1, s61);
                final FloatVector a7 = FloatVector.broadcast(F, x[x7 + from + k]);
                s70 = a7.fma(b0, s70);
                s71 = a7.fma(b1, s71);
            }
            final int at = (group - fromGroup) * PANEL;
            final int block = group >> shift;
            final FloatVector scale0 = FloatVector.fromArray(F, t.scales, c0 + at);
            final FloatVector scale1 = FloatVector.fromArray(F, t.scales, c1 + at);
            s00.fma(scale0.mul(scales[g0 + block]), FloatVector.fromArray(F, y, y0)).intoArray(y, y0);
            s01.fma(scale1.mul(scales[g0 + block]), FloatVector.fromArray(F, y, y0 + LANES)).intoArray(y, y0 + LANES);
            s10.fma(scale0.mul(scales[g1 + block]), FloatVector.fromArray(F, y, y1)).intoArray(y, y1);
            s11.fma(scale1.mul(scales[g1 + block]), FloatVector.fromArray(F, y, y1 + LANES)).intoArray(y, y1 + LANES);
            s20.fma(scale0.mul(scales[g2 + block]), FloatVector.fromArray(F, y, y2)).intoArray(y, y2);
            s21.fma(scale1.mul(scales[g2 + block]), FloatVector.fromArray(F, y, y2 + LANES)).intoArray(y, y2 + LANES);
            s30.fma(scale0.mul(scales[g3 + block]), FloatVector.fromArray(F, y, y3)).intoArray(y, y3);
            s31.fma(scale1.mul(scales[g3 + block]), FloatVector.fromArray(F, y, y3 + LANES)).intoArray(y, y3 + LANES);
            s40.fma(scale0.mul(scales[g4 + block]), FloatVector.fromArray(F, y, y4)).intoArray(y, y4);
            s41.fma(scale1.mul(scales[g4 + block]), FloatVector.fromArray(F, y, y4 + LANES)).intoArray(y, y4 + LANES);
            s50.fma(scale0.mul(scales[g5 + block]), FloatVector.fromArray(F, y, y5)).intoArray(y, y5);
            s51.fma(scale1.mul(scales[g5 + block]), FloatVector.fromArray(F, y, y5 + LANES)).intoArray(y, y5 + LANES);
            s60.fma(scale0.mul(scales[g6 + block]), FloatVector.fromArray(F, y, y6)).intoArray(y, y6);
            s61.fma(scale1.mul(scales[g6 + block]), FloatVector.fromArray(F, y, y6 + LANES)).intoArray(y, y6 + LANES);
            s70.fma(scale0.mul(scales[g7 + block]), FloatVector.fromArray(F, y, y7)).intoArray(y, y7);
            s71.fma(scale1.mul(scales[g7 + block]), FloatVector.fromArray(F, y, y7 + LANES)).intoArray(y, y7 + LANES);
        }
    }

    /** 2 rows by 2 vectors from there on. */
    private static void rows2(final IntegerTile t, final int row, final int column) {
        final MemorySegment w = t.expanded;
        final long w0 = t.expandedOffset(column);
        final long w1 = t.expandedOffset(column + LANES);
        final int c0 = t.scaleOffset(column);
        final int c1 = t.scaleOffset(column + LANES);
        final int groupColumns = 4 * t.quads;
        final int shift = t.quads == 8 ? 0 : 1;
        final int fromGroup = t.fromGroup;
        final int toGroup = t.toGroup;
        final float[] x = t.x.integers;
        final float[] scales = t.x.scales;
        final float[] y = t.y;
        final int x0 = (t.firstRow + row) * t.x.columns();
        final int x1 = x0 + t.x.columns();
        final int g0 = (t.firstRow + row) * t.x.scaleStride();
        final int g1 = g0 + t.x.scaleStride();
        final int y0 = t.yOffset + row * t.yStride + column;
        final int y1 = y0 + t.yStride;
        for (int group = fromGroup; group < toGroup; group++) {
            FloatVector s00 = FloatVector.zero(F);
            FloatVector s01 = FloatVector.zero(F);
            FloatVector s10 = FloatVector.zero(F);
            FloatVector s11 = FloatVector.zero(F);
            final int from = group * groupColumns;
            final long base = (from - fromGroup * groupColumns) * COLUMN;
            for (int k = 0; k < groupColumns; k++) {
                final FloatVector b0 = FloatVector.fromMemorySegment(F, w, w0 + base + k * COLUMN, LITTLE_ENDIAN);
                final FloatVector b1 = FloatVector.fromMemorySegment(F, w, w1 + base + k * COLUMN, LITTLE_ENDIAN);
                final FloatVector a0 = FloatVector.broadcast(F, x[x0 + from + k]);
                s00 = a0.fma(b0, s00);
                s01 = a0.fma(b1, s01);
                final FloatVector a1 = FloatVector.broadcast(F, x[x1 + from + k]);
                s10 = a1.fma(b0, s10);
                s11 = a1.fma(b1, s11);
            }
            final int at = (group - fromGroup) * PANEL;
            final int block = group >> shift;
            final FloatVector scale0 = FloatVector.fromArray(F, t.scales, c0 + at);
            final FloatVector scale1 = FloatVector.fromArray(F, t.scales, c1 + at);
            s00.fma(scale0.mul(scales[g0 + block]), FloatVector.fromArray(F, y, y0)).intoArray(y, y0);
            s01.fma(scale1.mul(scales[g0 + block]), FloatVector.fromArray(F, y, y0 + LANES)).intoArray(y, y0 + LANES);
            s10.fma(scale0.mul(scales[g1 + block]), FloatVector.fromArray(F, y, y1)).intoArray(y, y1);
            s11.fma(scale1.mul(scales[g1 + block]), FloatVector.fromArray(F, y, y1 + LANES)).intoArray(y, y1 + LANES);
        }
    }

    /** 1 row by 2 vectors from there on. */
    private static void rows1(final IntegerTile t, final int row, final int column) {
        final MemorySegment w = t.expanded;
        final long w0 = t.expandedOffset(column);
        final long w1 = t.expandedOffset(column + LANES);
        final int c0 = t.scaleOffset(column);
        final int c1 = t.scaleOffset(column + LANES);
        final int groupColumns = 4 * t.quads;
        final int shift = t.quads == 8 ? 0 : 1;
        final int fromGroup = t.fromGroup;
        final int toGroup = t.toGroup;
        final float[] x = t.x.integers;
        final float[] scales = t.x.scales;
        final float[] y = t.y;
        final int x0 = (t.firstRow + row) * t.x.columns();
        final int g0 = (t.firstRow + row) * t.x.scaleStride();
        final int y0 = t.yOffset + row * t.yStride + column;
        for (int group = fromGroup; group < toGroup; group++) {
            FloatVector s00 = FloatVector.zero(F);
            FloatVector s01 = FloatVector.zero(F);
            final int from = group * groupColumns;
            final long base = (from - fromGroup * groupColumns) * COLUMN;
            for (int k = 0; k < groupColumns; k++) {
                final FloatVector b0 = FloatVector.fromMemorySegment(F, w, w0 + base + k * COLUMN, LITTLE_ENDIAN);
                final FloatVector b1 = FloatVector.fromMemorySegment(F, w, w1 + base + k * COLUMN, LITTLE_ENDIAN);
                final FloatVector a0 = FloatVector.broadcast(F, x[x0 + from + k]);
                s00 = a0.fma(b0, s00);
                s01 = a0.fma(b1, s01);
            }
            final int at = (group - fromGroup) * PANEL;
            final int block = group >> shift;
            final FloatVector scale0 = FloatVector.fromArray(F, t.scales, c0 + at);
            final FloatVector scale1 = FloatVector.fromArray(F, t.scales, c1 + at);
            s00.fma(scale0.mul(scales[g0 + block]), FloatVector.fromArray(F, y, y0)).intoArray(y, y0);
            s01.fma(scale1.mul(scales[g0 + block]), FloatVector.fromArray(F, y, y0 + LANES)).intoArray(y, y0 + LANES);
        }
    }

    /** 8 rows by 2 vectors from there on, of a format with minima. */
    private static void rows8WithMinima(final IntegerTile t, final int row, final int column) {
        final MemorySegment w = t.expanded;
        final long w0 = t.expandedOffset(column);
        final long w1 = t.expandedOffset(column + LANES);
        final int c0 = t.scaleOffset(column);
        final int c1 = t.scaleOffset(column + LANES);
        final int groupColumns = 4 * t.quads;
        final int shift = t.quads == 8 ? 0 : 1;
        final int fromGroup = t.fromGroup;
        final int toGroup = t.toGroup;
        final float[] x = t.x.integers;
        final float[] scales = t.x.scales;
        final float[] y = t.y;
        final int[] sums = t.x.sums;
        final int x0 = (t.firstRow + row) * t.x.columns();
        final int x1 = x0 + t.x.columns();
        final int x2 = x1 + t.x.columns();
        final int x3 = x2 + t.x.columns();
        final int x4 = x3 + t.x.columns();
        final int x5 = x4 + t.x.columns();
        final int x6 = x5 + t.x.columns();
        final int x7 = x6 + t.x.columns();
        final int g0 = (t.firstRow + row) * t.x.scaleStride();
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
        for (int group = fromGroup; group < toGroup; group++) {
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
            final int from = group * groupColumns;
            final long base = (from - fromGroup * groupColumns) * COLUMN;
            for (int k = 0; k < groupColumns; k++) {
                final FloatVector b0 = FloatVector.fromMemorySegment(F, w, w0 + base + k * COLUMN, LITTLE_ENDIAN);
                final FloatVector b1 = FloatVector.fromMemorySegment(F, w, w1 + base + k * COLUMN, LITTLE_ENDIAN);
                final FloatVector a0 = FloatVector.broadcast(F, x[x0 + from + k]);
                s00 = a0.fma(b0, s00);
                s01 = a0.fma(b1, s01);
                final FloatVector a1 = FloatVector.broadcast(F, x[x1 + from + k]);
                s10 = a1.fma(b0, s10);
                s11 = a1.fma(b1, s11);
                final FloatVector a2 = FloatVector.broadcast(F, x[x2 + from + k]);
                s20 = a2.fma(b0, s20);
                s21 = a2.fma(b1, s21);
                final FloatVector a3 = FloatVector.broadcast(F, x[x3 + from + k]);
                s30 = a3.fma(b0, s30);
                s31 = a3.fma(b1, s31);
                final FloatVector a4 = FloatVector.broadcast(F, x[x4 + from + k]);
                s40 = a4.fma(b0, s40);
                s41 = a4.fma(b1, s41);
                final FloatVector a5 = FloatVector.broadcast(F, x[x5 + from + k]);
                s50 = a5.fma(b0, s50);
                s51 = a5.fma(b1, s51);
                final FloatVector a6 = FloatVector.broadcast(F, x[x6 + from + k]);
                s60 = a6.fma(b0, s60);
                s61 = a6.fma(b1, s61);
                final FloatVector a7 = FloatVector.broadcast(F, x[x7 + from + k]);
                s70 = a7.fma(b0, s70);
                s71 = a7.fma(b1, s71);
            }
            final int at = (group - fromGroup) * PANEL;
            final int block = group >> shift;
            final FloatVector scale0 = FloatVector.fromArray(F, t.scales, c0 + at);
            final FloatVector scale1 = FloatVector.fromArray(F, t.scales, c1 + at);
            final FloatVector minimum0 = FloatVector.fromArray(F, t.minima, c0 + at);
            final FloatVector minimum1 = FloatVector.fromArray(F, t.minima, c1 + at);
            final int part = shift == 0 ? 2 : group & 1;
            final float e0 = -(float) sums[BLOCK_SUMS * (g0 + block) + part];
            minimum0.mul(scales[g0 + block]).fma(FloatVector.broadcast(F, e0),
                    s00.fma(scale0.mul(scales[g0 + block]), FloatVector.fromArray(F, y, y0))).intoArray(y, y0);
            minimum1.mul(scales[g0 + block]).fma(FloatVector.broadcast(F, e0),
                    s01.fma(scale1.mul(scales[g0 + block]), FloatVector.fromArray(F, y, y0 + LANES))).intoArray(y, y0 + LANES);
            final float e1 = -(float) sums[BLOCK_SUMS * (g1 + block) + part];
            minimum0.mul(scales[g1 + block]).fma(FloatVector.broadcast(F, e1),
                    s10.fma(scale0.mul(scales[g1 + block]), FloatVector.fromArray(F, y, y1))).intoArray(y, y1);
            minimum1.mul(scales[g1 + block]).fma(FloatVector.broadcast(F, e1),
                    s11.fma(scale1.mul(scales[g1 + block]), FloatVector.fromArray(F, y, y1 + LANES))).intoArray(y, y1 + LANES);
            final float e2 = -(float) sums[BLOCK_SUMS * (g2 + block) + part];
            minimum0.mul(scales[g2 + block]).fma(FloatVector.broadcast(F, e2),
                    s20.fma(scale0.mul(scales[g2 + block]), FloatVector.fromArray(F, y, y2))).intoArray(y, y2);
            minimum1.mul(scales[g2 + block]).fma(FloatVector.broadcast(F, e2),
                    s21.fma(scale1.mul(scales[g2 + block]), FloatVector.fromArray(F, y, y2 + LANES))).intoArray(y, y2 + LANES);
            final float e3 = -(float) sums[BLOCK_SUMS * (g3 + block) + part];
            minimum0.mul(scales[g3 + block]).fma(FloatVector.broadcast(F, e3),
                    s30.fma(scale0.mul(scales[g3 + block]), FloatVector.fromArray(F, y, y3))).intoArray(y, y3);
            minimum1.mul(scales[g3 + block]).fma(FloatVector.broadcast(F, e3),
                    s31.fma(scale1.mul(scales[g3 + block]), FloatVector.fromArray(F, y, y3 + LANES))).intoArray(y, y3 + LANES);
            final float e4 = -(float) sums[BLOCK_SUMS * (g4 + block) + part];
            minimum0.mul(scales[g4 + block]).fma(FloatVector.broadcast(F, e4),
                    s40.fma(scale0.mul(scales[g4 + block]), FloatVector.fromArray(F, y, y4))).intoArray(y, y4);
            minimum1.mul(scales[g4 + block]).fma(FloatVector.broadcast(F, e4),
                    s41.fma(scale1.mul(scales[g4 + block]), FloatVector.fromArray(F, y, y4 + LANES))).intoArray(y, y4 + LANES);
            final float e5 = -(float) sums[BLOCK_SUMS * (g5 + block) + part];
            minimum0.mul(scales[g5 + block]).fma(FloatVector.broadcast(F, e5),
                    s50.fma(scale0.mul(scales[g5 + block]), FloatVector.fromArray(F, y, y5))).intoArray(y, y5);
            minimum1.mul(scales[g5 + block]).fma(FloatVector.broadcast(F, e5),
                    s51.fma(scale1.mul(scales[g5 + block]), FloatVector.fromArray(F, y, y5 + LANES))).intoArray(y, y5 + LANES);
            final float e6 = -(float) sums[BLOCK_SUMS * (g6 + block) + part];
            minimum0.mul(scales[g6 + block]).fma(FloatVector.broadcast(F, e6),
                    s60.fma(scale0.mul(scales[g6 + block]), FloatVector.fromArray(F, y, y6))).intoArray(y, y6);
            minimum1.mul(scales[g6 + block]).fma(FloatVector.broadcast(F, e6),
                    s61.fma(scale1.mul(scales[g6 + block]), FloatVector.fromArray(F, y, y6 + LANES))).intoArray(y, y6 + LANES);
            final float e7 = -(float) sums[BLOCK_SUMS * (g7 + block) + part];
            minimum0.mul(scales[g7 + block]).fma(FloatVector.broadcast(F, e7),
                    s70.fma(scale0.mul(scales[g7 + block]), FloatVector.fromArray(F, y, y7))).intoArray(y, y7);
            minimum1.mul(scales[g7 + block]).fma(FloatVector.broadcast(F, e7),
                    s71.fma(scale1.mul(scales[g7 + block]), FloatVector.fromArray(F, y, y7 + LANES))).intoArray(y, y7 + LANES);
        }
    }

    /** 2 rows by 2 vectors from there on, of a format with minima. */
    private static void rows2WithMinima(final IntegerTile t, final int row, final int column) {
        final MemorySegment w = t.expanded;
        final long w0 = t.expandedOffset(column);
        final long w1 = t.expandedOffset(column + LANES);
        final int c0 = t.scaleOffset(column);
        final int c1 = t.scaleOffset(column + LANES);
        final int groupColumns = 4 * t.quads;
        final int shift = t.quads == 8 ? 0 : 1;
        final int fromGroup = t.fromGroup;
        final int toGroup = t.toGroup;
        final float[] x = t.x.integers;
        final float[] scales = t.x.scales;
        final float[] y = t.y;
        final int[] sums = t.x.sums;
        final int x0 = (t.firstRow + row) * t.x.columns();
        final int x1 = x0 + t.x.columns();
        final int g0 = (t.firstRow + row) * t.x.scaleStride();
        final int g1 = g0 + t.x.scaleStride();
        final int y0 = t.yOffset + row * t.yStride + column;
        final int y1 = y0 + t.yStride;
        for (int group = fromGroup; group < toGroup; group++) {
            FloatVector s00 = FloatVector.zero(F);
            FloatVector s01 = FloatVector.zero(F);
            FloatVector s10 = FloatVector.zero(F);
            FloatVector s11 = FloatVector.zero(F);
            final int from = group * groupColumns;
            final long base = (from - fromGroup * groupColumns) * COLUMN;
            for (int k = 0; k < groupColumns; k++) {
                final FloatVector b0 = FloatVector.fromMemorySegment(F, w, w0 + base + k * COLUMN, LITTLE_ENDIAN);
                final FloatVector b1 = FloatVector.fromMemorySegment(F, w, w1 + base + k * COLUMN, LITTLE_ENDIAN);
                final FloatVector a0 = FloatVector.broadcast(F, x[x0 + from + k]);
                s00 = a0.fma(b0, s00);
                s01 = a0.fma(b1, s01);
                final FloatVector a1 = FloatVector.broadcast(F, x[x1 + from + k]);
                s10 = a1.fma(b0, s10);
                s11 = a1.fma(b1, s11);
            }
            final int at = (group - fromGroup) * PANEL;
            final int block = group >> shift;
            final FloatVector scale0 = FloatVector.fromArray(F, t.scales, c0 + at);
            final FloatVector scale1 = FloatVector.fromArray(F, t.scales, c1 + at);
            final FloatVector minimum0 = FloatVector.fromArray(F, t.minima, c0 + at);
            final FloatVector minimum1 = FloatVector.fromArray(F, t.minima, c1 + at);
            final int part = shift == 0 ? 2 : group & 1;
            final float e0 = -(float) sums[BLOCK_SUMS * (g0 + block) + part];
            minimum0.mul(scales[g0 + block]).fma(FloatVector.broadcast(F, e0),
                    s00.fma(scale0.mul(scales[g0 + block]), FloatVector.fromArray(F, y, y0))).intoArray(y, y0);
            minimum1.mul(scales[g0 + block]).fma(FloatVector.broadcast(F, e0),
                    s01.fma(scale1.mul(scales[g0 + block]), FloatVector.fromArray(F, y, y0 + LANES))).intoArray(y, y0 + LANES);
            final float e1 = -(float) sums[BLOCK_SUMS * (g1 + block) + part];
            minimum0.mul(scales[g1 + block]).fma(FloatVector.broadcast(F, e1),
                    s10.fma(scale0.mul(scales[g1 + block]), FloatVector.fromArray(F, y, y1))).intoArray(y, y1);
            minimum1.mul(scales[g1 + block]).fma(FloatVector.broadcast(F, e1),
                    s11.fma(scale1.mul(scales[g1 + block]), FloatVector.fromArray(F, y, y1 + LANES))).intoArray(y, y1 + LANES);
        }
    }

    /** 1 row by 2 vectors from there on, of a format with minima. */
    private static void rows1WithMinima(final IntegerTile t, final int row, final int column) {
        final MemorySegment w = t.expanded;
        final long w0 = t.expandedOffset(column);
        final long w1 = t.expandedOffset(column + LANES);
        final int c0 = t.scaleOffset(column);
        final int c1 = t.scaleOffset(column + LANES);
        final int groupColumns = 4 * t.quads;
        final int shift = t.quads == 8 ? 0 : 1;
        final int fromGroup = t.fromGroup;
        final int toGroup = t.toGroup;
        final float[] x = t.x.integers;
        final float[] scales = t.x.scales;
        final float[] y = t.y;
        final int[] sums = t.x.sums;
        final int x0 = (t.firstRow + row) * t.x.columns();
        final int g0 = (t.firstRow + row) * t.x.scaleStride();
        final int y0 = t.yOffset + row * t.yStride + column;
        for (int group = fromGroup; group < toGroup; group++) {
            FloatVector s00 = FloatVector.zero(F);
            FloatVector s01 = FloatVector.zero(F);
            final int from = group * groupColumns;
            final long base = (from - fromGroup * groupColumns) * COLUMN;
            for (int k = 0; k < groupColumns; k++) {
                final FloatVector b0 = FloatVector.fromMemorySegment(F, w, w0 + base + k * COLUMN, LITTLE_ENDIAN);
                final FloatVector b1 = FloatVector.fromMemorySegment(F, w, w1 + base + k * COLUMN, LITTLE_ENDIAN);
                final FloatVector a0 = FloatVector.broadcast(F, x[x0 + from + k]);
                s00 = a0.fma(b0, s00);
                s01 = a0.fma(b1, s01);
            }
            final int at = (group - fromGroup) * PANEL;
            final int block = group >> shift;
            final FloatVector scale0 = FloatVector.fromArray(F, t.scales, c0 + at);
            final FloatVector scale1 = FloatVector.fromArray(F, t.scales, c1 + at);
            final FloatVector minimum0 = FloatVector.fromArray(F, t.minima, c0 + at);
            final FloatVector minimum1 = FloatVector.fromArray(F, t.minima, c1 + at);
            final int part = shift == 0 ? 2 : group & 1;
            final float e0 = -(float) sums[BLOCK_SUMS * (g0 + block) + part];
            minimum0.mul(scales[g0 + block]).fma(FloatVector.broadcast(F, e0),
                    s00.fma(scale0.mul(scales[g0 + block]), FloatVector.fromArray(F, y, y0))).intoArray(y, y0);
            minimum1.mul(scales[g0 + block]).fma(FloatVector.broadcast(F, e0),
                    s01.fma(scale1.mul(scales[g0 + block]), FloatVector.fromArray(F, y, y0 + LANES))).intoArray(y, y0 + LANES);
        }
    }
}
