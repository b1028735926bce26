package io.spillway.node.cpu;

import io.spillway.node.compute.DType;
import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.compute.Slab;
import io.spillway.node.compute.Tensor;
import io.spillway.node.compute.WorkerPool;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * A product of activations with one or more weight matrices, in pieces of one strip of 64 outputs by up to 512 rows.
 * For two rows and more, weights that are not F32 are
 * expanded into the worker's scratch once per piece and depth.
 *
 * <p>Filled by the engine thread; pieces run on any worker and write disjoint outputs.
 */
final class ProjectSection implements WorkerPool.Task, AutoCloseable {
    /** Multiplications below which waking another core costs more than it saves. */
    private static final long INLINE_PRODUCTS_MAX = 96_000;
    private static final int PIECE_ROWS_MAX = 512;
    private static final int PIECE_ROWS_MIN = 16;
    /** Pieces per worker that even out a core that lags behind. */
    private static final int PIECES_PER_WORKER = 3;
    private static final int STRIP = PackedMatrix.STRIP_ROWS;
    /** Depth whose expanded strip stays in the second-level cache, where many rows meet it again: 256 KiB. */
    private static final int DEPTH_MAX = 1024;
    /** Depth whose expanded strip stays in the first-level cache: for rows that fit one register tile and meet it once. */
    private static final int SHALLOW_DEPTH_MAX = 64;
    private static final int SHALLOW_ROWS_MAX = 8;
    private static final long SCRATCH_BYTES = (long) DEPTH_MAX * STRIP * Float.BYTES;

    private final WorkerPool workers;
    private final Tile[] tiles;          // [workers]
    private final Place[] places;        // [workers]
    private final float[][] edges;       // [workers][PIECE_ROWS_MAX · 64]: outputs of a strip that is not full
    private final Slab scratch;          // [workers][DEPTH_MAX][64] floats
    private final IntegerStrips integers;
    private final RowSection rounding;
    private final RowSection.Body roundBody;
    private Tensor in;
    private int rows;
    private PackedMatrix[] weights;
    private Tensor[] outs;
    private int rowPieces;
    private int pieceRows;

    ProjectSection(final WorkerPool workers, final boolean widely) {
        this.workers = workers;
        tiles = new Tile[workers.workerCount()];
        Arrays.setAll(tiles, i -> new Tile());
        places = new Place[workers.workerCount()];
        Arrays.setAll(places, i -> new Place());
        edges = new float[workers.workerCount()][PIECE_ROWS_MAX * STRIP];
        scratch = Slab.allocate(workers.workerCount() * SCRATCH_BYTES);
        integers = new IntegerStrips(workers.workerCount(), widely);
        rounding = new RowSection(workers);
        roundBody = integers.rounded()::fill;
    }

    void run(final Tensor in, final int rows, final PackedMatrix[] weights, final Tensor[] outs) {
        this.in = in;
        this.rows = rows;
        this.weights = weights;
        this.outs = outs;
        int strips = 0;
        boolean anyIntegers = false;
        for (final PackedMatrix matrix : weights) {
            strips += matrix.strips();
            anyIntegers |= matrix.dtype().isInteger();
        }
        if (anyIntegers) {
            integers.begin(in, rows, weights);
            rounding.run(rows, weights[0].columns(), roundBody);
        }
        final int wanted = Math.ceilDiv(PIECES_PER_WORKER * workers.workerCount(), strips);
        final int fair = Math.ceilDiv(Math.ceilDiv(rows, wanted), RoundedRows.TILE_ROWS) * RoundedRows.TILE_ROWS;
        pieceRows = Math.clamp(fair, PIECE_ROWS_MIN, PIECE_ROWS_MAX);
        rowPieces = Math.ceilDiv(rows, pieceRows);
        final long products = (long) strips * STRIP * weights[0].columns() * rows;
        (products <= INLINE_PRODUCTS_MAX ? WorkerPool.INLINE : workers).run(strips * rowPieces, this);
    }

    @Override
    public void run(final int piece, final int worker) {
        int strip = piece / rowPieces;
        int matrix = 0;
        while (strip >= weights[matrix].strips()) {
            strip -= weights[matrix++].strips();
        }
        final Place place = places[worker];
        place.firstRow = piece % rowPieces * pieceRows;
        place.rows = Math.min(pieceRows, rows - place.firstRow);
        final Tensor out = outs[matrix];
        final boolean full = weights[matrix].stripRows(strip) == STRIP;
        place.y = full ? out.values() : edges[worker];
        place.yOffset = full ? place.firstRow * out.width() + strip * STRIP : 0;
        place.yStride = full ? out.width() : STRIP;
        if (weights[matrix].dtype().isInteger()) {
            integers.strip(weights[matrix], strip, place, worker);
        } else {
            strip(weights[matrix], strip, place, worker);
        }
        if (!full) {
            copyEdge(weights[matrix], strip, out, place);
        }
    }

    private static void copyEdge(final PackedMatrix matrix, final int strip, final Tensor out, final Place place) {
        for (int row = 0; row < place.rows; row++) {
            System.arraycopy(place.y, row * STRIP, out.values(), (place.firstRow + row) * out.width() + strip * STRIP, matrix.stripRows(strip));
        }
    }

    private void strip(final PackedMatrix matrix, final int strip, final Place place, final int worker) {
        for (int row = 0; row < place.rows; row++) {
            Arrays.fill(place.y, place.yOffset + row * place.yStride, place.yOffset + row * place.yStride + STRIP, 0f);
        }
        final Tile tile = tiles[worker];
        tile.x = in.values();
        tile.xStride = in.width();
        tile.y = place.y;
        tile.yOffset = place.yOffset;
        tile.yStride = place.yStride;
        tile.panelColumns = DType.PANEL_ROWS;
        tile.depthStrideBytes = DType.PANEL_ROWS * Float.BYTES;
        if (place.rows == 1 || place.rows <= HalfTiles.ROWS_MAX && matrix.dtype() == DType.F16) {
            fewRows(tile, matrix, strip, place.firstRow, place.rows);
            return;
        }
        final int depthMax = place.rows <= SHALLOW_ROWS_MAX && matrix.dtype() != DType.F32 ? SHALLOW_DEPTH_MAX : DEPTH_MAX;
        for (int depth = 0; depth < matrix.columns(); depth += depthMax) {
            tile.xOffset = place.firstRow * in.width() + depth;
            tile.depth = Math.min(depthMax, matrix.columns() - depth);
            pointAtWeights(tile, matrix, strip, depth, worker);
            TileMultiply.run(tile, place.rows, STRIP);
        }
    }

    /** A few rows gain nothing from expanded weights, which they would read once. */
    private void fewRows(final Tile tile, final PackedMatrix matrix, final int strip, final int firstRow, final int count) {
        tile.xOffset = firstRow * in.width();
        tile.depth = matrix.columns();
        tile.weights = matrix.bytes();
        tile.weightsOffset = strip * PackedMatrix.STRIP_PANELS * matrix.panelBytes();
        tile.panelStrideBytes = matrix.panelBytes();
        if (count == 1) {
            SingleRowKernels.strip(tile, matrix.dtype(), STRIP);
        } else {
            HalfTiles.run(tile, count, STRIP);
        }
    }

    private void pointAtWeights(final Tile tile, final PackedMatrix matrix, final int strip, final int depth, final int worker) {
        final long stripOffset = strip * PackedMatrix.STRIP_PANELS * matrix.panelBytes();
        if (matrix.dtype() == DType.F32) {
            tile.weights = matrix.bytes();
            tile.weightsOffset = stripOffset + (long) depth * DType.PANEL_ROWS * Float.BYTES;
            tile.panelStrideBytes = matrix.panelBytes();
            return;
        }
        final long target = worker * SCRATCH_BYTES;
        tile.weights = scratch.segment();
        tile.weightsOffset = target;
        tile.panelStrideBytes = (long) tile.depth * DType.PANEL_ROWS * Float.BYTES;
        for (int panel = 0; panel < PackedMatrix.STRIP_PANELS; panel++) {
            final long from = stripOffset + panel * matrix.panelBytes() + matrix.dtype().panelBytes(depth);
            expand(matrix, from, tile.depth, scratch.segment(), target + panel * tile.panelStrideBytes);
        }
    }

    private static void expand(final PackedMatrix matrix, final long from, final int depth, final MemorySegment target, final long to) {
        final DType dtype = matrix.dtype();
        switch (dtype) {
            case F16 -> ExpandKernels.halves(matrix.bytes(), from, target, to, depth * DType.PANEL_ROWS);
            case BF16 -> ExpandKernels.brains(matrix.bytes(), from, target, to, depth * DType.PANEL_ROWS);
            case F8 -> ExpandKernels.eights(matrix.bytes(), from, target, to, depth / DType.F8.blockColumns());
            default -> throw new IllegalStateException(dtype + " needs no expansion");
        }
    }

    @Override
    public void close() {
        scratch.close();
        integers.close();
    }
}
