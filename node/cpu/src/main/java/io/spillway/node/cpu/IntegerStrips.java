package io.spillway.node.cpu;

import io.spillway.node.compute.DType;
import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.compute.Slab;
import io.spillway.node.compute.Tensor;
import java.util.Arrays;

/**
 * Strips of 64 outputs of integer weights by some rows: chooses the kernels. Some rows read weights as they stand, panel
 * by panel and row by row; more meet weights expanded to floats, in stretches of columns that stay in cache.
 *
 * <p>{@link #begin} by the engine thread; strips on any worker, writing disjoint outputs.
 */
final class IntegerStrips implements AutoCloseable {
    /** Rows of a section from which on expanded weights pay; of nibbles, which take longer to expand and are quicker to multiply. */
    static final int FLOAT_ROWS = 16;
    static final int FLOAT_ROWS_OF_NIBBLES = 24;
    /**
     * Columns of a stretch for {@link WideProducts}: of a few rows so short that it stays in the first-level cache and memory is read
     * between two multiplications, not in bursts.
     */
    private static final int SHORT_STRETCH_COLUMNS = 128;
    private static final int WIDE_STRETCH_COLUMNS = 1024;
    private static final int SHORT_STRETCH_ROWS = 16;
    /** Columns of a stretch of expanded weights: a strip takes 256 KiB, which stay in the second-level cache. */
    private static final int STRETCH_COLUMNS = 1024;
    private static final int PANELS = PackedMatrix.STRIP_PANELS;
    private static final int LANES = PairProducts.LANES;
    private static final int NIBBLE_ZERO = RoundedRows.NIBBLE_ZERO;
    private static final long SCRATCH_BYTES = (long) STRETCH_COLUMNS * PackedMatrix.STRIP_ROWS * Float.BYTES;

    private final RoundedRows rounded;
    private final IntegerTile[] tiles;   // [workers]
    private final Slab scratch;          // [workers][panels][columns][16] floats
    private final boolean widely;
    private boolean asFloats;
    private int sectionRows;

    /** @param widely whether to use {@link WideProducts} */
    IntegerStrips(final int workers, final boolean widely) {
        this.widely = widely;
        rounded = new RoundedRows(workers);
        scratch = Slab.allocate(workers * SCRATCH_BYTES);
        tiles = new IntegerTile[workers];
        for (int worker = 0; worker < workers; worker++) {
            final IntegerTile tile = new IntegerTile();
            tile.expanded = scratch.segment();
            tile.expandedBase = worker * SCRATCH_BYTES;
            tile.reserve(PANELS * STRETCH_COLUMNS / 16);
            tile.wide = new long[WIDE_STRETCH_COLUMNS / 32 * WideProducts.INT8_STEPS * DType.PANEL_ROWS];
            tile.x = rounded;
            tiles[worker] = tile;
        }
    }

    /** @return the activations, for whoever fills them */
    RoundedRows rounded() {
        return rounded;
    }

    /** Makes room for a section's activations, which {@link RoundedRows#fill} then rounds. */
    void begin(final Tensor in, final int rows, final PackedMatrix[] weights) {
        boolean nibbles = true;
        for (final PackedMatrix matrix : weights) {
            nibbles &= isWide(matrix.dtype(), rows) || IntegerTile.isNibbles(matrix.dtype());
        }
        asFloats = rows >= (nibbles ? FLOAT_ROWS_OF_NIBBLES : FLOAT_ROWS);
        sectionRows = rows;
        rounded.begin(in, rows, weights, asFloats, widely);
    }

    /** Writes 64 outputs of the place's rows. */
    void strip(final PackedMatrix matrix, final int strip, final Place place, final int worker) {
        final IntegerTile tile = tiles[worker];
        tile.firstRow = place.firstRow;
        tile.y = place.y;
        tile.yStride = place.yStride;
        tile.yOffset = place.yOffset;
        if (isWide(matrix.dtype(), sectionRows)) {
            clear(place);
            wide(tile, matrix, strip, place);
        } else if (asFloats) {
            clear(place);
            expanded(tile, matrix, strip, place);
        } else {
            rowByRow(tile, matrix, strip, place);
        }
    }

    private boolean isWide(final DType dtype, final int rows) {
        return widely && WideProducts.serve(dtype, rows);
    }

    private static void clear(final Place place) {
        for (int row = 0; row < place.rows; row++) {
            final int at = place.yOffset + row * place.yStride;
            Arrays.fill(place.y, at, at + PackedMatrix.STRIP_ROWS, 0f);
        }
    }

    private static void panel(final IntegerTile tile, final PackedMatrix matrix, final int strip, final int panel) {
        tile.panel(matrix.bytes(), (strip * (long) PANELS + panel) * matrix.panelBytes(), matrix.dtype());
    }

    /** A panel comes from memory for the first row and from a cache for the others. */
    private static void rowByRow(final IntegerTile tile, final PackedMatrix matrix, final int strip, final Place place) {
        tile.scaleBase = 0;
        for (int panel = 0; panel < PANELS; panel++) {
            panel(tile, matrix, strip, panel);
            for (int row = 0; row < place.rows; row++) {
                tile.firstRow = place.firstRow + row;
                tile.yOffset = place.yOffset + row * place.yStride + panel * DType.PANEL_ROWS;
                if (row + 1 < place.rows && matrix.dtype() == DType.Q8_0) {
                    TwoRowKernels.panel(tile);
                    row++;
                } else {
                    IntegerRowKernels.panel(tile);
                }
            }
        }
    }

    private static void wide(final IntegerTile tile, final PackedMatrix matrix, final int strip, final Place place) {
        final int groups = matrix.columns() / matrix.dtype().groupColumns();
        final int columns = place.rows <= SHORT_STRETCH_ROWS ? SHORT_STRETCH_COLUMNS : WIDE_STRETCH_COLUMNS;
        final int stretch = columns / matrix.dtype().groupColumns();
        final long[] activations = matrix.dtype() == DType.Q8_0 ? tile.x.wideInt8s : tile.x.wideNibbles;
        tile.scaleBase = 0;
        for (int panel = 0; panel < PANELS; panel++) {
            panel(tile, matrix, strip, panel);
            tile.yOffset = place.yOffset + panel * DType.PANEL_ROWS;
            for (tile.fromGroup = 0; tile.fromGroup < groups; tile.fromGroup = tile.toGroup) {
                tile.toGroup = Math.min(groups, tile.fromGroup + stretch);
                WideExpand.run(tile);
                ScaleKernels.expand(tile);
                WideTiles.run(tile, place.rows, activations);
            }
        }
    }

    private static void expanded(final IntegerTile tile, final PackedMatrix matrix, final int strip, final Place place) {
        final int groups = matrix.columns() / matrix.dtype().groupColumns();
        final int stretch = STRETCH_COLUMNS / matrix.dtype().groupColumns();
        tile.expandedPanelBytes = (long) STRETCH_COLUMNS * DType.PANEL_ROWS * Float.BYTES;
        tile.scalePanel = stretch * DType.PANEL_ROWS;
        tile.yOffset = place.yOffset;
        for (tile.fromGroup = 0; tile.fromGroup < groups; tile.fromGroup = tile.toGroup) {
            tile.toGroup = Math.min(groups, tile.fromGroup + stretch);
            for (int panel = 0; panel < PANELS; panel++) {
                panel(tile, matrix, strip, panel);
                expand(tile, panel);
            }
            GroupTiles.run(tile, place.rows, PackedMatrix.STRIP_ROWS);
        }
    }

    /** Integers first: they are read front to back, which memory likes better than the scales between them. */
    private static void expand(final IntegerTile tile, final int panel) {
        final long to = tile.expandedBase + panel * tile.expandedPanelBytes;
        for (int lane = 0; lane < DType.PANEL_ROWS; lane += LANES) {
            if (tile.isNibbles()) {
                ExpandKernels.nibbles(tile, to, lane, tile.dtype == DType.Q4_0 ? NIBBLE_ZERO : 0);
            } else if (tile.dtype == DType.Q6_K) {
                ExpandKernels.sixes(tile, to, lane);
            } else {
                ExpandKernels.int8s(tile, to, lane);
            }
        }
        tile.scaleBase = panel * tile.scalePanel;
        ScaleKernels.expand(tile);
    }

    @Override
    public void close() {
        scratch.close();
    }
}
