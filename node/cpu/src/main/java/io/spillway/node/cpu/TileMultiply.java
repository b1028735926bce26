package io.spillway.node.cpu;

import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Covers a block of multiplication of any size with register tiles. Stateless. */
final class TileMultiply {
    private static final int LANES = RegisterTiles.LANES;
    private static final int PAIR = 2 * LANES;
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private TileMultiply() {
    }

    /** Adds the product to {@code y} for all rows and columns. */
    static void run(final Tile t, final int rows, final int columns) {
        final int paired = columns - columns % PAIR;
        final int evenRows = rows & ~1;
        for (int column = 0; column < paired && evenRows > 0; column += PAIR) {
            pairColumns(t, evenRows, column);
        }
        if (evenRows < rows) {
            singleRow(t, evenRows, paired);
        }
        if (paired < columns) {
            lastColumns(t, rows, paired, columns);
        }
    }

    private static void pairColumns(final Tile t, final int evenRows, final int column) {
        int row = 0;
        for (; row + 8 <= evenRows; row += 8) {
            RegisterTiles.rows8x2(t, row, column);
        }
        if (row + 4 <= evenRows) {
            RegisterTiles.rows4x2(t, row, column);
            row += 4;
        }
        if (row < evenRows) {
            RegisterTiles.rows2x2(t, row, column);
        }
    }

    private static void singleRow(final Tile t, final int row, final int paired) {
        int column = 0;
        for (; column + 2 * PAIR <= paired; column += 2 * PAIR) {
            RegisterTiles.rows1x4(t, row, column);
        }
        if (column < paired) {
            RegisterTiles.rows1x2(t, row, column);
        }
    }

    private static void lastColumns(final Tile t, final int rows, final int from, final int columns) {
        for (int row = 0; row < rows; row++) {
            int column = from;
            for (; column + LANES <= columns; column += LANES) {
                RegisterTiles.rows1x1(t, row, column);
            }
            for (; column < columns; column++) {
                element(t, row, column);
            }
        }
    }

    private static void element(final Tile t, final int row, final int column) {
        final long at = t.columnOffset(column);
        final int y = t.yOffset + row * t.yStride + column;
        float sum = t.y[y];
        for (int k = 0; k < t.depth; k++) {
            sum = Math.fma(t.x[t.xOffset + row * t.xStride + k], t.weights.get(FLOAT, at + k * t.depthStrideBytes), sum);
        }
        t.y[y] = sum;
    }
}
