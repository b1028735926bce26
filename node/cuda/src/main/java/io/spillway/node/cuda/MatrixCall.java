package io.spillway.node.cuda;

import static io.spillway.node.cuda.KernelLaunch.int64;

import io.spillway.node.compute.DType;
import java.util.Locale;

/** Kernels that multiply by weights, and how each is launched: image {@code matrix}. Longs are device addresses unless named otherwise; shapes as in {@code src/main/cuda}. Values only; any thread. */
public sealed interface MatrixCall extends KernelCall {
    /**
     * A matrix of halves by few rows: as fast as weights are read for up to {@value #ROWS_MAX}; more rows read them again. A row's result does
     * not depend on how many there are.
     */
    record Gemv(Product product) implements MatrixCall {
        /** Rows that read the weights once. */
        public static final int ROWS_MAX = 32;

        private static final int TILE_ROWS = 8;
        private static final int ROWS_PER_PANEL = 4;

        /** @return rows up to which reading activations for every block's outputs costs little beside the weights */
        public int rowsSuited() {
            return Math.max(TILE_ROWS, ROWS_PER_PANEL * panelsOfBlock(product));
        }

        @Override
        public KernelLaunch launch() {
            final Product p = product;
            final ExpertRows e = p.experts();
            final int wanted = e.exist() ? e.tileRows() : p.rows();
            final int tileRows = wanted <= TILE_ROWS ? TILE_ROWS : wanted <= 2 * TILE_ROWS ? 2 * TILE_ROWS : ROWS_MAX;
            requireTile(e, tileRows);
            final int panels = panelsOfBlock(p);
            final Extent grid = new Extent(Math.ceilDiv(p.outputs(), DType.PANEL_ROWS * panels), tilesOf(p, tileRows), 1);
            return KernelLaunch.of("gemv_" + p.halfName() + "_" + tileRows, grid, THREADS, p.matrix(), p.in(), p.out(), p.bias(), e.work(), e.lists(),
                    e.counts(), e.listStride(), e.entriesPerRow(), p.rows(), p.outputs(), p.columns(), p.inStride(), p.outStride(), p.output().ordinal(), panels).overlapping();
        }
    }

    /**
     * A matrix of halves by many rows, on the tensor cores that every GPU has. Invariant, a row's result does not depend on how many rows there
     * are; otherwise the columns of few tiles are split over blocks, by the shape of the whole.
     *
     * @param workspace {@link #WORKSPACE_BYTES} that no other launch uses meanwhile; before the first launch zero, and then left to these
     */
    record Gemm(Product product, long workspace, boolean invariant) implements MatrixCall {
        /** Bytes that splits may need. */
        public static final long WORKSPACE_BYTES = 18L << 20;

        private static final int COUNTER_BYTES = 4096;
        private static final int DEPTH = 64;
        private static final int STEPS_LEAST = 8;
        private static final int SPLITS_MAX = 8;

        /** Shapes of tiles. */
        private enum Tile {
            R32(64, 32, 128, 5, 264), R64(64, 64, 128, 4, 264), R128(128, 128, 256, 3, 132);

            private final int outputs;
            private final int rows;
            private final int threads;
            private final int stages;
            private final int blocksWanted;

            Tile(final int outputs, final int rows, final int threads, final int stages, final int blocksWanted) {
                this.outputs = outputs;
                this.rows = rows;
                this.threads = threads;
                this.stages = stages;
                this.blocksWanted = blocksWanted;
            }

            static Tile of(final Product p) {
                final int rows = p.experts().exist() ? p.experts().tileRows() : p.rows();
                final Tile tile = rows <= R32.rows ? R32 : rows <= R64.rows ? R64 : R128;
                requireTile(p.experts(), tile.rows);
                return tile;
            }

            int sharedBytes() {
                return stages * (outputs + rows) * DEPTH * Short.BYTES;
            }
        }

        @Override
        public KernelLaunch launch() {
            final Product p = product;
            final ExpertRows e = p.experts();
            final Tile tile = Tile.of(p);
            final int outputTiles = Math.ceilDiv(p.outputs(), tile.outputs);
            final int rowTiles = tilesOf(p, tile.rows);
            final Extent grid = new Extent(outputTiles, rowTiles, invariant || e.exist() ? 1 : splits(tile, outputTiles * rowTiles, p.columns()));
            return KernelLaunch.of("gemm_" + p.halfName() + "_" + tile.rows, grid, tile.threads, p.matrix(), p.in(), p.out(), p.bias(), e.work(), e.lists(),
                    e.counts(), workspace + COUNTER_BYTES, workspace, e.listStride(), e.entriesPerRow(), p.rows(), p.outputs(), p.columns(), p.inStride(),
                    p.outStride(), p.output().ordinal()).withShared(tile.sharedBytes()).overlapping();
        }

        /** Few tiles are split, so that there are blocks for every processor, as long as each has something to do. */
        private static int splits(final Tile tile, final int tiles, final int columns) {
            final int steps = Math.ceilDiv(columns, DEPTH);
            return Math.clamp(Math.min(Math.ceilDiv(tile.blocksWanted, tiles), steps / STEPS_LEAST), 1, SPLITS_MAX);
        }
    }

    /** Rounds activations for {@link GemvPacked}. @param in [rows][inStride] halves; out [rows][columns / 32] blocks of {@link #BLOCK_BYTES} */
    record RoundActivations(DType half, long in, long out, int rows, int columns, int inStride) implements MatrixCall {
        /** Bytes of 32 rounded activations, their scale and their sums. */
        public static final int BLOCK_BYTES = 48;

        private static final int COLUMNS_OF_BLOCK = 4 * THREADS;

        @Override
        public KernelLaunch launch() {
            return KernelLaunch.of("round_activations", new Extent(Math.ceilDiv(columns, COLUMNS_OF_BLOCK), rows, 1), THREADS, in, out, columns, inStride,
                    KernelCall.isBf16(half)).overlapping();
        }
    }

    /**
     * A packed matrix by few rows: as fast as weights are read for up to {@value #ROWS_MAX} (F8: 8); more rows read them again. A row's result
     * does not depend on how many there are.
     *
     * @param product     the matrix is packed; gated: the gates; the input is what {@link RoundActivations} made, of F8 halves
     * @param dtype       how the matrix is packed: any but F32 and halves
     * @param ups         gated: the packed ups, as many as gates; else 0
     * @param expertBytes from one expert's matrix to the next
     */
    record GemvPacked(Product product, DType dtype, long ups, long expertBytes) implements MatrixCall {
        /** Rows that read the weights once. */
        public static final int ROWS_MAX = 16;

        private static final int TILE_ROWS = 8;

        public GemvPacked {
            requirePacked(dtype);
            if (product.columns() % dtype.blockColumns() != 0 || product.output().isGated() != (ups != 0)) {
                throw new IllegalArgumentException("no " + dtype + " product of [" + product.outputs() + ", " + product.columns() + "] to " + product.output());
            }
        }

        @Override
        public KernelLaunch launch() {
            final Product p = product;
            final ExpertRows e = p.experts();
            final int wanted = e.exist() ? e.tileRows() : p.rows();
            final int tileRows = wanted <= TILE_ROWS || dtype == DType.F8 ? TILE_ROWS : ROWS_MAX;
            requireTile(e, tileRows);
            final int panels = Math.max(p.output().isGated() ? 2 : 1, panelsOfBlock(p));
            final int panelsOfAll = p.output().isGated() ? 2 * Math.ceilDiv(p.width(), DType.PANEL_ROWS) : Math.ceilDiv(p.outputs(), DType.PANEL_ROWS);
            final Extent grid = new Extent(Math.ceilDiv(panelsOfAll, panels), tilesOf(p, tileRows), 1);
            if (dtype == DType.F8) {
                return KernelLaunch.of("gemv_f8_" + p.halfName(), grid, THREADS, p.matrix(), ups, p.in(), p.out(), p.bias(), e.work(), e.lists(), e.counts(),
                        int64(expertBytes), e.listStride(), e.entriesPerRow(), p.rows(), p.outputs(), p.columns(), p.inStride(), p.outStride(),
                        p.output().ordinal(), panels).overlapping();
            }
            return KernelLaunch.of("gemv_" + dtype.name().toLowerCase(Locale.ROOT) + "_" + tileRows, grid, THREADS, p.matrix(), ups, p.in(), p.out(), p.bias(),
                    e.work(), e.lists(), e.counts(), int64(expertBytes), e.listStride(), e.entriesPerRow(), p.rows(), p.outputs(), p.columns(),
                    p.outStride(), p.output().ordinal(), p.isBf16() ? 1 : 0, panels).overlapping();
        }
    }

    /** A packed matrix as halves, row after row: its values, rounded. @param out [rows][columns] halves */
    record Expand(DType dtype, DType half, long matrix, long out, int rows, int columns) implements MatrixCall {
        private static final int COLUMNS_OF_BLOCK = 256;

        public Expand {
            requirePacked(dtype);
        }

        @Override
        public KernelLaunch launch() {
            final Extent grid = new Extent(Math.ceilDiv(columns, COLUMNS_OF_BLOCK), Math.ceilDiv(rows, DType.PANEL_ROWS), 1);
            return KernelLaunch.of("expand_packed", grid, THREADS, matrix, out, dtype.ordinal(), rows, columns, KernelCall.isBf16(half)).overlapping();
        }
    }

    private static void requirePacked(final DType dtype) {
        if (dtype == DType.F32 || dtype == DType.F16 || dtype == DType.BF16) {
            throw new IllegalArgumentException(dtype + " is not packed on a GPU");
        }
    }

    private static void requireTile(final ExpertRows experts, final int tileRows) {
        if (experts.exist() && experts.tileRows() != tileRows) {
            throw new IllegalArgumentException("no GPU kernel takes pieces of " + experts.tileRows() + " rows");
        }
    }

    /** Tiles of rows, or pieces of work. */
    private static int tilesOf(final Product p, final int tileRows) {
        return p.experts().exist() ? p.experts().piecesMax() : Math.ceilDiv(p.rows(), tileRows);
    }

    /** Panels that a block takes: the warps that are left share its columns. Depends on the matrix alone. */
    private static int panelsOfBlock(final Product p) {
        final int blocksWanted = 264;
        final int panels = Math.ceilDiv(p.outputs(), DType.PANEL_ROWS);
        return panels >= 16 * blocksWanted ? 8 : panels >= 4 * blocksWanted ? 4 : panels >= 2 * blocksWanted ? 2 : 1;
    }
}
