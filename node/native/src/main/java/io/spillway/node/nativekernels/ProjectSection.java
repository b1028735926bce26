package io.spillway.node.nativekernels;

import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.compute.Tensor;
import io.spillway.node.compute.WorkerPool;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A product of activations with one or more weight matrices, in pieces of some strips of 64 outputs by some tiles of rows: one
 * call into the library each. Results are written beside, off-heap, and copied into the tensors, so that no call holds up the
 * garbage collector.
 *
 * <p>Filled by the engine thread; pieces run on any worker and write disjoint outputs.
 */
final class ProjectSection implements WorkerPool.Task, AutoCloseable {
    /** Multiplications below which waking another core costs more than it saves. */
    private static final long INLINE_PRODUCTS_MAX = 200_000;
    /** Rows of a piece: so many prepared rows stay in a second-level cache while the strips pass by. */
    private static final int PIECE_ROWS_MAX = 96;
    /** Pieces per worker that even out a core that lags behind. */
    private static final int PIECES_PER_WORKER = 8;
    /** Strips of a piece: of one row, enough to make a call worth its while; of many rows, what fits the results' scratch. */
    private static final int PIECE_STRIPS_MAX = 8;
    private static final int MANY_ROWS = 16;
    private static final int MANY_ROWS_STRIPS_MAX = 2;
    private static final int STRIP = PackedMatrix.STRIP_ROWS;

    private final int set;
    private final WorkerPool workers;
    private final PreparedRows prepared;
    private final Scratch scratch = new Scratch();   // [workers]: results [piece rows][piece outputs], then the kernel's own
    private final long kernelBytes = Kernels.projectScratchBytes();
    private int rows;
    private PackedMatrix[] weights;
    private Tensor[] outs;
    private int pieceStrips;
    private int pieceRows;
    private int rowPieces;

    ProjectSection(final InstructionSet set, final WorkerPool workers) {
        this.set = set.number();
        this.workers = workers;
        prepared = new PreparedRows(set, workers);
    }

    void run(final Tensor in, final int rows, final PackedMatrix[] weights, final Tensor[] outs) {
        this.rows = rows;
        this.weights = weights;
        this.outs = outs;
        prepared.run(in, rows, weights);
        int strips = 0;
        int tileRows = 1;
        for (final PackedMatrix matrix : weights) {
            strips += matrix.strips();
            tileRows = Math.max(tileRows, prepared.tileRows(Kernels.format(matrix.dtype())));
        }
        divide(strips, tileRows);
        scratch.reserve(workers.workerCount() * workerBytes());
        int pieces = 0;
        for (final PackedMatrix matrix : weights) {
            pieces += pieces(matrix);
        }
        final long products = (long) strips * STRIP * weights[0].columns() * rows;
        (products <= INLINE_PRODUCTS_MAX ? WorkerPool.INLINE : workers).run(pieces, this);
    }

    /** A piece's rows are whole tiles of every format: 6 and 16, or 6 and 4, or 4 and 2, all divide 96 and 48. */
    private void divide(final int strips, final int tileRows) {
        pieceRows = rows <= tileRows ? tileRows : rows <= PIECE_ROWS_MAX / 2 ? PIECE_ROWS_MAX / 2 : PIECE_ROWS_MAX;
        rowPieces = Math.ceilDiv(rows, pieceRows);
        final int most = rows > MANY_ROWS ? MANY_ROWS_STRIPS_MAX : PIECE_STRIPS_MAX;
        pieceStrips = Math.clamp((long) strips * rowPieces / (PIECES_PER_WORKER * workers.workerCount()), 1, most);
    }

    private int pieces(final PackedMatrix matrix) {
        return Math.ceilDiv(matrix.strips(), pieceStrips) * rowPieces;
    }

    private long resultBytes() {
        return (long) pieceRows * pieceStrips * STRIP * Float.BYTES;
    }

    private long workerBytes() {
        return resultBytes() + kernelBytes;
    }

    @Override
    public void run(final int piece, final int worker) {
        int index = piece;
        int which = 0;
        while (index >= pieces(weights[which])) {
            index -= pieces(weights[which++]);
        }
        final PackedMatrix matrix = weights[which];
        final int format = Kernels.format(matrix.dtype());
        final int strip = index / rowPieces * pieceStrips;
        final int strips = Math.min(pieceStrips, matrix.strips() - strip);
        final int firstRow = index % rowPieces * pieceRows;
        final int count = Math.min(pieceRows, rows - firstRow);
        final long at = worker * workerBytes();
        final long results = scratch.address() + at;
        Kernels.project(set, format, matrix.bytes().address() + strip * PackedMatrix.STRIP_PANELS * matrix.panelBytes(),
                strips * PackedMatrix.STRIP_PANELS, matrix.columns(), prepared.address(format, firstRow), count, results,
                (long) strips * STRIP, results + resultBytes());
        copy(matrix, strip, strips, outs[which], firstRow, count, at);
    }

    private void copy(final PackedMatrix matrix, final int strip, final int strips, final Tensor out, final int firstRow,
            final int count, final long at) {
        final int outputs = Math.min(strips * STRIP, matrix.rows() - strip * STRIP);
        for (int row = 0; row < count; row++) {
            MemorySegment.copy(scratch.segment(), ValueLayout.JAVA_FLOAT, at + (long) row * strips * STRIP * Float.BYTES,
                    out.values(), (firstRow + row) * out.width() + strip * STRIP, outputs);
        }
    }

    @Override
    public void close() {
        prepared.close();
        scratch.close();
    }
}
