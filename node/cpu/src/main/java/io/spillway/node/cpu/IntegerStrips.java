package io.spillway.node.cpu;

import io.spillway.node.compute.DType;
import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.compute.Tensor;
import java.util.Arrays;

/**
 * Strips of 64 outputs of integer weights by some rows: chooses the kernels. One row reads weights as they stand; more rows
 * go through the columns in stretches whose weights stay in cache.
 *
 * <p>{@link #begin} by the engine thread; strips on any worker, writing disjoint outputs.
 */
final class IntegerStrips {
    /** Columns of a stretch: a panel of int8 takes 17 KiB of it, scales as floats 2 to 4 KiB. */
    private static final int STRETCH_COLUMNS = 1024;

    private final RoundedRows rounded;
    private final IntegerTile[] tiles;   // [workers]

    IntegerStrips(final int workers) {
        rounded = new RoundedRows(workers);
        tiles = new IntegerTile[workers];
        Arrays.setAll(tiles, i -> new IntegerTile());
    }

    /** @return the activations, for whoever fills them */
    RoundedRows rounded() {
        return rounded;
    }

    /** Makes room for a section's activations, which {@link RoundedRows#fill} then rounds. */
    void begin(final Tensor in, final int rows, final int columns) {
        rounded.begin(in, rows, columns, false);
        for (final IntegerTile tile : tiles) {
            tile.x = rounded;
            tile.reserve(STRETCH_COLUMNS / 16);
        }
    }

    /** Writes 64 outputs of {@code count} rows. */
    void strip(final PackedMatrix matrix, final int strip, final Place place, final int worker) {
        final IntegerTile tile = tiles[worker];
        tile.firstRow = place.firstRow;
        tile.y = place.y;
        tile.yStride = place.yStride;
        for (int panel = 0; panel < PackedMatrix.STRIP_PANELS; panel++) {
            tile.panel(matrix.bytes(), (strip * (long) PackedMatrix.STRIP_PANELS + panel) * matrix.panelBytes(), matrix.dtype());
            tile.yOffset = place.yOffset + panel * DType.PANEL_ROWS;
            if (place.rows == 1) {
                IntegerRowKernels.panel(tile);
            } else {
                rows(tile, matrix, place);
            }
        }
    }

    private static void rows(final IntegerTile tile, final PackedMatrix matrix, final Place place) {
        for (int row = 0; row < place.rows; row++) {
            Arrays.fill(place.y, tile.yOffset + row * place.yStride, tile.yOffset + row * place.yStride + DType.PANEL_ROWS, 0f);
        }
        final int groups = matrix.columns() / matrix.dtype().groupColumns();
        final int stretch = STRETCH_COLUMNS / matrix.dtype().groupColumns();
        for (tile.fromGroup = 0; tile.fromGroup < groups; tile.fromGroup = tile.toGroup) {
            tile.toGroup = Math.min(groups, tile.fromGroup + stretch);
            ScaleKernels.expand(tile);
            if (tile.isNibbles()) {
                NibbleTiles.run(tile, place.rows);
            } else {
                ByteTiles.run(tile, place.rows);
            }
        }
    }
}
