package io.spillway.node.cpu;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** The first 4 rows of a tile by 2 vectors of outputs, as {@link GroupTiles} does 8: half of the work where a tile is half empty. Stateless. */
final class HalfGroupTiles {
    /** Rows that it computes, of a tile's. */
    static final int HALF_ROWS = 4;
    private static final int ROWS = GroupTiles.ROWS;
    private static final VectorSpecies<Float> F = PairProducts.F;
    private static final int LANES = PairProducts.LANES;
    private static final int PANEL = ScaleKernels.PANEL;
    private static final int SUMS = RoundedRows.BLOCK_SUMS;
    /** Bytes of an expanded column of a panel. */
    private static final long COLUMN = PANEL * (long) Float.BYTES;

    private HalfGroupTiles() {
    }

    /** Adds the products of all groups to the sums of the tile's first 4 rows. */
    static void run(final IntegerTile t, final int tile, final int column) {
        if (t.hasMinima) {
            withMinima(t, tile, column);
        } else {
            products(t, tile, column);
        }
    }

    /** Adds the products of all groups of columns to the sums: 4 rows by 2 vectors of outputs. */
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
        }
    }
}
