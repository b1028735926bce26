package io.spillway.node.cpu;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * 8 rows by 2 vectors of outputs over expanded integers: weights and rounded activations as floats. The sum of a group's products
 * is an integer below 2^24, hence exact, whatever the order; then it meets the scales as the specification says. As fast as the
 * product of floats, which is twice the speed of products in 16 bits that must be widened. For some rows and more; the last four
 * or fewer are {@link HalfGroupTiles}'.
 *
 * <p>Written out: the compiler keeps named vectors in registers, inlines the Vector API's own methods without limit and any others
 * only up to a budget. All groups of a stretch are one call, so that the next group's products begin while the last one's meet
 * their scales: a call per group cost a sixth of the speed. Totals stay in scratch from group to group; in registers there is no
 * room for them. Stateless.
 */
final class GroupTiles {
    /** Rows of a tile. */
    static final int ROWS = RoundedRows.TILE_ROWS;
    private static final VectorSpecies<Float> F = PairProducts.F;
    private static final int LANES = PairProducts.LANES;
    private static final int PANEL = ScaleKernels.PANEL;
    private static final int SUMS = RoundedRows.BLOCK_SUMS;
    /** Bytes of an expanded column of a panel. */
    private static final long COLUMN = PANEL * (long) Float.BYTES;

    private GroupTiles() {
    }

    /** Adds the tile's groups to {@code columns} outputs of {@code rows} rows; the first is the first of a tile of activations. */
    static void run(final IntegerTile t, final int rows, final int columns) {
        for (int column = 0; column < columns; column += 2 * LANES) {
            for (int row = 0; row < rows; row += ROWS) {
                tile(t, row, Math.min(ROWS, rows - row), column);
            }
        }
    }

    /** Sums of outputs stand close together meanwhile: rows of the outputs may lie a power of two apart, which caches dislike. */
    private static void tile(final IntegerTile t, final int row, final int rows, final int column) {
        for (int r = 0; r < rows; r++) {
            System.arraycopy(t.y, t.yOffset + (row + r) * t.yStride + column, t.sums, r * 2 * LANES, 2 * LANES);
        }
        final int tile = (t.firstRow + row) / ROWS;
        if (rows <= HalfGroupTiles.HALF_ROWS) {
            HalfGroupTiles.run(t, tile, column);
        } else if (t.hasMinima) {
            withMinima(t, tile, column);
        } else {
            products(t, tile, column);
        }
        for (int r = 0; r < rows; r++) {
            System.arraycopy(t.sums, r * 2 * LANES, t.y, t.yOffset + (row + r) * t.yStride + column, 2 * LANES);
        }
    }

    /** Adds the products of all groups of columns to the sums: 8 rows by 2 vectors of outputs. */
    private static void products(final IntegerTile t, final int tile, final int column) {
        final MemorySegment w = t.expanded;
        final int groupColumns = 4 * t.quads;
        final long first0 = t.expandedOffset(column);
        final long first1 = t.expandedOffset(column + LANES);
        final float[] tiles = t.x.tiles;
        final float[] sums = t.sums;
        final float[] scales = t.x.tileScales;
        final float[] weightScales = t.scales;
        final int scale0 = t.scaleOffset(column);
        final int scale1 = t.scaleOffset(column + LANES);
        final int x = tile * ROWS * t.x.columns();
        final int block = tile * t.x.scaleStride();
        for (int group = t.fromGroup; group < t.toGroup; group++) {
            final int done = group - t.fromGroup;
            final int x0 = x + group * groupColumns * ROWS;
            final long w0 = first0 + done * groupColumns * COLUMN;
            final long w1 = first1 + done * groupColumns * COLUMN;
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
                final int at = x0 + k * ROWS;
                final FloatVector b0 = FloatVector.fromMemorySegment(F, w, w0 + k * COLUMN, LITTLE_ENDIAN);
                final FloatVector b1 = FloatVector.fromMemorySegment(F, w, w1 + k * COLUMN, LITTLE_ENDIAN);
                final FloatVector a0 = FloatVector.broadcast(F, tiles[at]);
                s00 = a0.fma(b0, s00);
                s01 = a0.fma(b1, s01);
                final FloatVector a1 = FloatVector.broadcast(F, tiles[at + 1]);
                s10 = a1.fma(b0, s10);
                s11 = a1.fma(b1, s11);
                final FloatVector a2 = FloatVector.broadcast(F, tiles[at + 2]);
                s20 = a2.fma(b0, s20);
                s21 = a2.fma(b1, s21);
                final FloatVector a3 = FloatVector.broadcast(F, tiles[at + 3]);
                s30 = a3.fma(b0, s30);
                s31 = a3.fma(b1, s31);
                final FloatVector a4 = FloatVector.broadcast(F, tiles[at + 4]);
                s40 = a4.fma(b0, s40);
                s41 = a4.fma(b1, s41);
                final FloatVector a5 = FloatVector.broadcast(F, tiles[at + 5]);
                s50 = a5.fma(b0, s50);
                s51 = a5.fma(b1, s51);
                final FloatVector a6 = FloatVector.broadcast(F, tiles[at + 6]);
                s60 = a6.fma(b0, s60);
                s61 = a6.fma(b1, s61);
                final FloatVector a7 = FloatVector.broadcast(F, tiles[at + 7]);
                s70 = a7.fma(b0, s70);
                s71 = a7.fma(b1, s71);
            }
            final int s = (block + t.blockOf(group)) * ROWS;
            final FloatVector v0 = FloatVector.fromArray(F, weightScales, scale0 + done * PANEL);
            final FloatVector v1 = FloatVector.fromArray(F, weightScales, scale1 + done * PANEL);
            s00.fma(v0.mul(scales[s]), FloatVector.fromArray(F, sums, 0)).intoArray(sums, 0);
            s01.fma(v1.mul(scales[s]), FloatVector.fromArray(F, sums, LANES)).intoArray(sums, LANES);
            s10.fma(v0.mul(scales[s + 1]), FloatVector.fromArray(F, sums, 2 * LANES)).intoArray(sums, 2 * LANES);
            s11.fma(v1.mul(scales[s + 1]), FloatVector.fromArray(F, sums, 3 * LANES)).intoArray(sums, 3 * LANES);
            s20.fma(v0.mul(scales[s + 2]), FloatVector.fromArray(F, sums, 4 * LANES)).intoArray(sums, 4 * LANES);
            s21.fma(v1.mul(scales[s + 2]), FloatVector.fromArray(F, sums, 5 * LANES)).intoArray(sums, 5 * LANES);
            s30.fma(v0.mul(scales[s + 3]), FloatVector.fromArray(F, sums, 6 * LANES)).intoArray(sums, 6 * LANES);
            s31.fma(v1.mul(scales[s + 3]), FloatVector.fromArray(F, sums, 7 * LANES)).intoArray(sums, 7 * LANES);
            s40.fma(v0.mul(scales[s + 4]), FloatVector.fromArray(F, sums, 8 * LANES)).intoArray(sums, 8 * LANES);
            s41.fma(v1.mul(scales[s + 4]), FloatVector.fromArray(F, sums, 9 * LANES)).intoArray(sums, 9 * LANES);
            s50.fma(v0.mul(scales[s + 5]), FloatVector.fromArray(F, sums, 10 * LANES)).intoArray(sums, 10 * LANES);
            s51.fma(v1.mul(scales[s + 5]), FloatVector.fromArray(F, sums, 11 * LANES)).intoArray(sums, 11 * LANES);
            s60.fma(v0.mul(scales[s + 6]), FloatVector.fromArray(F, sums, 12 * LANES)).intoArray(sums, 12 * LANES);
            s61.fma(v1.mul(scales[s + 6]), FloatVector.fromArray(F, sums, 13 * LANES)).intoArray(sums, 13 * LANES);
            s70.fma(v0.mul(scales[s + 7]), FloatVector.fromArray(F, sums, 14 * LANES)).intoArray(sums, 14 * LANES);
            s71.fma(v1.mul(scales[s + 7]), FloatVector.fromArray(F, sums, 15 * LANES)).intoArray(sums, 15 * LANES);
        }
    }

    /** The same where a group's minima are subtracted too. */
    private static void withMinima(final IntegerTile t, final int tile, final int column) {
        final MemorySegment w = t.expanded;
        final int groupColumns = 4 * t.quads;
        final long first0 = t.expandedOffset(column);
        final long first1 = t.expandedOffset(column + LANES);
        final float[] tiles = t.x.tiles;
        final float[] sums = t.sums;
        final float[] scales = t.x.tileScales;
        final float[] weightScales = t.scales;
        final float[] weightMinima = t.minima;
        final float[] negated = t.x.tileSums;
        final int scale0 = t.scaleOffset(column);
        final int scale1 = t.scaleOffset(column + LANES);
        final int x = tile * ROWS * t.x.columns();
        final int block = tile * t.x.scaleStride();
        for (int group = t.fromGroup; group < t.toGroup; group++) {
            final int done = group - t.fromGroup;
            final int x0 = x + group * groupColumns * ROWS;
            final long w0 = first0 + done * groupColumns * COLUMN;
            final long w1 = first1 + done * groupColumns * COLUMN;
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
                final int at = x0 + k * ROWS;
                final FloatVector b0 = FloatVector.fromMemorySegment(F, w, w0 + k * COLUMN, LITTLE_ENDIAN);
                final FloatVector b1 = FloatVector.fromMemorySegment(F, w, w1 + k * COLUMN, LITTLE_ENDIAN);
                final FloatVector a0 = FloatVector.broadcast(F, tiles[at]);
                s00 = a0.fma(b0, s00);
                s01 = a0.fma(b1, s01);
                final FloatVector a1 = FloatVector.broadcast(F, tiles[at + 1]);
                s10 = a1.fma(b0, s10);
                s11 = a1.fma(b1, s11);
                final FloatVector a2 = FloatVector.broadcast(F, tiles[at + 2]);
                s20 = a2.fma(b0, s20);
                s21 = a2.fma(b1, s21);
                final FloatVector a3 = FloatVector.broadcast(F, tiles[at + 3]);
                s30 = a3.fma(b0, s30);
                s31 = a3.fma(b1, s31);
                final FloatVector a4 = FloatVector.broadcast(F, tiles[at + 4]);
                s40 = a4.fma(b0, s40);
                s41 = a4.fma(b1, s41);
                final FloatVector a5 = FloatVector.broadcast(F, tiles[at + 5]);
                s50 = a5.fma(b0, s50);
                s51 = a5.fma(b1, s51);
                final FloatVector a6 = FloatVector.broadcast(F, tiles[at + 6]);
                s60 = a6.fma(b0, s60);
                s61 = a6.fma(b1, s61);
                final FloatVector a7 = FloatVector.broadcast(F, tiles[at + 7]);
                s70 = a7.fma(b0, s70);
                s71 = a7.fma(b1, s71);
            }
            final int s = (block + t.blockOf(group)) * ROWS;
            final FloatVector v0 = FloatVector.fromArray(F, weightScales, scale0 + done * PANEL);
            final FloatVector v1 = FloatVector.fromArray(F, weightScales, scale1 + done * PANEL);
            final FloatVector m0 = FloatVector.fromArray(F, weightMinima, scale0 + done * PANEL);
            final FloatVector m1 = FloatVector.fromArray(F, weightMinima, scale1 + done * PANEL);
            final int part = ((block + t.blockOf(group)) * SUMS + t.sumOf(group)) * ROWS;
            final FloatVector e0 = FloatVector.broadcast(F, negated[part]);
            m0.mul(scales[s]).fma(e0, s00.fma(v0.mul(scales[s]), FloatVector.fromArray(F, sums, 0)))
                    .intoArray(sums, 0);
            m1.mul(scales[s]).fma(e0, s01.fma(v1.mul(scales[s]), FloatVector.fromArray(F, sums, LANES)))
                    .intoArray(sums, LANES);
            final FloatVector e1 = FloatVector.broadcast(F, negated[part + 1]);
            m0.mul(scales[s + 1]).fma(e1, s10.fma(v0.mul(scales[s + 1]), FloatVector.fromArray(F, sums, 2 * LANES)))
                    .intoArray(sums, 2 * LANES);
            m1.mul(scales[s + 1]).fma(e1, s11.fma(v1.mul(scales[s + 1]), FloatVector.fromArray(F, sums, 3 * LANES)))
                    .intoArray(sums, 3 * LANES);
            final FloatVector e2 = FloatVector.broadcast(F, negated[part + 2]);
            m0.mul(scales[s + 2]).fma(e2, s20.fma(v0.mul(scales[s + 2]), FloatVector.fromArray(F, sums, 4 * LANES)))
                    .intoArray(sums, 4 * LANES);
            m1.mul(scales[s + 2]).fma(e2, s21.fma(v1.mul(scales[s + 2]), FloatVector.fromArray(F, sums, 5 * LANES)))
                    .intoArray(sums, 5 * LANES);
            final FloatVector e3 = FloatVector.broadcast(F, negated[part + 3]);
            m0.mul(scales[s + 3]).fma(e3, s30.fma(v0.mul(scales[s + 3]), FloatVector.fromArray(F, sums, 6 * LANES)))
                    .intoArray(sums, 6 * LANES);
            m1.mul(scales[s + 3]).fma(e3, s31.fma(v1.mul(scales[s + 3]), FloatVector.fromArray(F, sums, 7 * LANES)))
                    .intoArray(sums, 7 * LANES);
            final FloatVector e4 = FloatVector.broadcast(F, negated[part + 4]);
            m0.mul(scales[s + 4]).fma(e4, s40.fma(v0.mul(scales[s + 4]), FloatVector.fromArray(F, sums, 8 * LANES)))
                    .intoArray(sums, 8 * LANES);
            m1.mul(scales[s + 4]).fma(e4, s41.fma(v1.mul(scales[s + 4]), FloatVector.fromArray(F, sums, 9 * LANES)))
                    .intoArray(sums, 9 * LANES);
            final FloatVector e5 = FloatVector.broadcast(F, negated[part + 5]);
            m0.mul(scales[s + 5]).fma(e5, s50.fma(v0.mul(scales[s + 5]), FloatVector.fromArray(F, sums, 10 * LANES)))
                    .intoArray(sums, 10 * LANES);
            m1.mul(scales[s + 5]).fma(e5, s51.fma(v1.mul(scales[s + 5]), FloatVector.fromArray(F, sums, 11 * LANES)))
                    .intoArray(sums, 11 * LANES);
            final FloatVector e6 = FloatVector.broadcast(F, negated[part + 6]);
            m0.mul(scales[s + 6]).fma(e6, s60.fma(v0.mul(scales[s + 6]), FloatVector.fromArray(F, sums, 12 * LANES)))
                    .intoArray(sums, 12 * LANES);
            m1.mul(scales[s + 6]).fma(e6, s61.fma(v1.mul(scales[s + 6]), FloatVector.fromArray(F, sums, 13 * LANES)))
                    .intoArray(sums, 13 * LANES);
            final FloatVector e7 = FloatVector.broadcast(F, negated[part + 7]);
            m0.mul(scales[s + 7]).fma(e7, s70.fma(v0.mul(scales[s + 7]), FloatVector.fromArray(F, sums, 14 * LANES)))
                    .intoArray(sums, 14 * LANES);
            m1.mul(scales[s + 7]).fma(e7, s71.fma(v1.mul(scales[s + 7]), FloatVector.fromArray(F, sums, 15 * LANES)))
                    .intoArray(sums, 15 * LANES);
        }
    }
}
