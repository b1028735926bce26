package io.spillway.node.cpu;

import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.node.compute.Exp;
import io.spillway.node.compute.KvRows;
import io.spillway.node.compute.Lanes;
import io.spillway.node.compute.Tensor;
import io.spillway.node.compute.WorkerPool;
import java.util.Arrays;

/**
 * Causal attention over the paged cache, in pieces of some consecutive rows of one sequence by one key-value head. The query
 * heads that share the head meet each block of keys and values together.
 *
 * <p>Filled by the engine thread; pieces run on any worker and write disjoint outputs.
 */
final class AttendSection implements WorkerPool.Task, AutoCloseable {
    /** Query vectors of a piece: enough to reuse a block from cache, few enough that a piece's state fits there too. */
    private static final int QUERIES_MAX = 32;
    /** Multiplications below which waking another core costs more than it saves. */
    private static final long INLINE_PRODUCTS_MAX = 96_000;

    private final WorkerPool workers;
    private final AttendScratch[] scratch;   // [workers]
    private int[] pieceRows = new int[0];    // [row pieces + 1]: first row of each, then the end
    private int rowPieces;
    private KvRows kv;
    private int layer;
    private Tensor queries;
    private Tensor out;
    private int group;

    AttendSection(final WorkerPool workers) {
        this.workers = workers;
        scratch = new AttendScratch[workers.workerCount()];
        Arrays.setAll(scratch, i -> new AttendScratch());
    }

    void run(final KvRows kv, final int layer, final Tensor queries, final Tensor out) {
        this.kv = kv;
        this.layer = layer;
        this.queries = queries;
        this.out = out;
        final KvLayout layout = kv.layout();
        group = queries.width() / layout.headDim() / layout.kvHeads();
        final long products = dividePieces();
        for (final AttendScratch each : scratch) {
            each.reserve(Math.max(QUERIES_MAX, group), layout);
        }
        (products <= INLINE_PRODUCTS_MAX ? WorkerPool.INLINE : workers).run(rowPieces * layout.kvHeads(), this);
    }

    /** Cuts the rows into pieces that stay within a sequence. @return multiplications of the whole section */
    private long dividePieces() {
        final int rows = kv.rowCount();
        final int rowsMax = Math.max(1, QUERIES_MAX / group);
        if (pieceRows.length < rows + 1) {
            pieceRows = new int[rows + 1];
        }
        rowPieces = 0;
        long tokens = 0;
        for (int row = 0; row < rows; row++) {
            tokens += kv.position(row) + 1;
            final boolean begins = row == 0 || kv.sequence(row) != kv.sequence(row - 1) || row - pieceRows[rowPieces - 1] == rowsMax;
            if (begins) {
                pieceRows[rowPieces++] = row;
            }
        }
        pieceRows[rowPieces] = rows;
        return tokens * queries.width() * 2;
    }

    @Override
    public void run(final int piece, final int worker) {
        final int kvHead = piece % kv.layout().kvHeads();
        final int rowPiece = piece / kv.layout().kvHeads();
        final int first = pieceRows[rowPiece];
        final int count = (pieceRows[rowPiece + 1] - first) * group;
        final AttendScratch s = scratch[worker];
        begin(s, first, count, kvHead);
        final int blocks = kv.position(pieceRows[rowPiece + 1] - 1) / kv.layout().blockTokens() + 1;
        for (int block = 0; block < blocks; block++) {
            block(s, first, count, kvHead, block);
        }
        finish(s, first, count, kvHead);
    }

    private void begin(final AttendScratch s, final int first, final int count, final int kvHead) {
        final int headDim = kv.layout().headDim();
        final float scale = Lanes.attentionScale(headDim);
        for (int q = 0; q < count; q++) {
            RowKernels.multiply(queries.values(), offset(first, q, kvHead, queries), scale, s.queries, q * headDim, headDim);
        }
        Arrays.fill(s.sums, 0, count * headDim, 0f);
        Arrays.fill(s.maxima, 0, count, Float.NEGATIVE_INFINITY);
        Arrays.fill(s.totals, 0, count, 0f);
    }

    private int offset(final int first, final int q, final int kvHead, final Tensor tensor) {
        return (first + q / group) * tensor.width() + (kvHead * group + q % group) * kv.layout().headDim();
    }

    private void block(final AttendScratch s, final int first, final int count, final int kvHead, final int block) {
        final KvLayout layout = kv.layout();
        final int begin = block * layout.blockTokens();
        final int least = Math.clamp(kv.position(first) + 1 - begin, 0, layout.blockTokens());
        final int most = Math.clamp(kv.position(first + (count - 1) / group) + 1 - begin, 0, layout.blockTokens());
        final long blockOffset = kv.blockOffset(first, block);
        scores(s, count, most, blockOffset + layout.keyOffset(layer, kvHead));
        for (int q = 0; q < count; q++) {
            final int tokens = Math.min(layout.blockTokens(), kv.position(first + q / group) + 1 - begin);
            if (tokens > 0) {
                weigh(s, q, tokens);
            }
        }
        accumulate(s, first, count, least, blockOffset + layout.valueOffset(layer, kvHead), begin);
    }

    /** Scores of the first {@code tokens} of a block, in whole vectors: what lies behind them is never read. */
    private void scores(final AttendScratch s, final int count, final int tokens, final long keys) {
        final KvLayout layout = kv.layout();
        final int columns = Math.min(layout.blockTokens(), Math.ceilDiv(tokens, 2 * RegisterTiles.LANES) * 2 * RegisterTiles.LANES);
        final Tile t = s.tile;
        for (int q = 0; q < count; q++) {
            Arrays.fill(s.scores, q * layout.blockTokens(), q * layout.blockTokens() + columns, 0f);
        }
        pointAt(s, keys);
        t.depthStrideBytes = (long) layout.blockTokens() * Float.BYTES;
        t.depth = layout.headDim();
        t.x = s.queries;
        t.xOffset = 0;
        t.xStride = layout.headDim();
        t.y = s.scores;
        t.yOffset = 0;
        t.yStride = layout.blockTokens();
        TileMultiply.run(t, count, columns);
    }

    private void pointAt(final AttendScratch s, final long offset) {
        final KvLayout layout = kv.layout();
        s.tile.weights = kv.slab();
        s.tile.weightsOffset = offset;
        if (layout.element() != KvElement.F32) {
            s.expand(kv.slab(), offset, layout);
        }
    }

    /** Scores become weights; what was summed so far decays to the new maximum. */
    private void weigh(final AttendScratch s, final int q, final int tokens) {
        final int headDim = kv.layout().headDim();
        final int at = q * kv.layout().blockTokens();
        final float before = s.maxima[q];
        s.maxima[q] = RowKernels.maximum(s.scores, at, tokens, before);
        final float decay = Exp.of(before - s.maxima[q]);
        s.totals[q] = Math.fma(s.totals[q], decay, RowKernels.exponentials(s.scores, at, tokens, s.maxima[q], s.lanes));
        RowKernels.multiply(s.sums, q * headDim, decay, s.sums, q * headDim, headDim);
    }

    /** Adds weights · values: the tokens that every query sees together, then each query's own last few. */
    private void accumulate(final AttendScratch s, final int first, final int count, final int least, final long values, final int begin) {
        final KvLayout layout = kv.layout();
        final Tile t = s.tile;
        pointAt(s, values);
        final long base = t.weightsOffset;
        t.depthStrideBytes = (long) layout.headDim() * Float.BYTES;
        t.depth = least;
        t.x = s.scores;
        t.xStride = layout.blockTokens();
        t.xOffset = 0;
        t.y = s.sums;
        t.yStride = layout.headDim();
        t.yOffset = 0;
        if (least > 0) {
            TileMultiply.run(t, count, layout.headDim());
        }
        t.weightsOffset = base + least * t.depthStrideBytes;
        for (int q = 0; q < count; q++) {
            t.depth = Math.min(layout.blockTokens(), kv.position(first + q / group) + 1 - begin) - least;
            t.xOffset = q * layout.blockTokens() + least;
            t.yOffset = q * layout.headDim();
            if (t.depth > 0) {
                TileMultiply.run(t, 1, layout.headDim());
            }
        }
    }

    private void finish(final AttendScratch s, final int first, final int count, final int kvHead) {
        final int headDim = kv.layout().headDim();
        for (int q = 0; q < count; q++) {
            RowKernels.multiply(s.sums, q * headDim, 1f / s.totals[q], out.values(), offset(first, q, kvHead, out), headDim);
        }
    }

    @Override
    public void close() {
        for (final AttendScratch each : scratch) {
            each.close();
        }
    }
}
