package io.spillway.node.cpu;

import io.spillway.node.compute.WorkerPool;

/** Work that is independent row by row, cut into ranges of rows. Filled by the engine thread. */
final class RowSection implements WorkerPool.Task {
    /** Elements below which waking another core costs more than it saves. */
    private static final int INLINE_ELEMENTS_MAX = 16_384;

    private final WorkerPool workers;
    private Body body;
    private int rows;
    private int rowsPerPiece;

    /** What is done to rows from, inclusive, to to, exclusive, by a worker. */
    @FunctionalInterface
    interface Body {
        void run(int from, int to, int worker);
    }

    RowSection(final WorkerPool workers) {
        this.workers = workers;
    }

    void run(final int rows, final int width, final Body body) {
        if ((long) rows * width <= INLINE_ELEMENTS_MAX) {
            body.run(0, rows, 0);
            return;
        }
        this.body = body;
        this.rows = rows;
        rowsPerPiece = Math.ceilDiv(rows, 2 * workers.workerCount());
        workers.run(Math.ceilDiv(rows, rowsPerPiece), this);
    }

    @Override
    public void run(final int piece, final int worker) {
        final int from = piece * rowsPerPiece;
        body.run(from, Math.min(rows, from + rowsPerPiece), worker);
    }
}
