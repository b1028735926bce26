package io.spillway.node.cpu;

import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.node.compute.AttentionRule;
import io.spillway.node.compute.KvRows;
import io.spillway.node.compute.ScalarAttention;
import io.spillway.node.compute.Tensor;
import io.spillway.node.compute.WorkerPool;
import java.util.Arrays;

/**
 * Attention over the paged cache, in the tasks of an {@link AttendPlan}. The query heads that share a key-value head, and all
 * rows of the task, meet each block of keys and values together.
 *
 * <p>Filled by the engine thread; tasks run on any worker and write disjoint memory.
 */
final class AttendSection implements WorkerPool.Task, AutoCloseable {
    /** Query vectors of a task: enough to reuse a converted block, few enough that their state stays in a core's own cache. */
    private static final int QUERIES_MAX = 128;
    /** Multiplications below which waking another core costs more than it saves. */
    private static final long INLINE_PRODUCTS_MAX = 96_000;

    private final WorkerPool workers;
    private final AttendScratch[] scratch;                   // [workers]
    private final AttendPlan plan = new AttendPlan();
    private final AttendBlock block = new AttendBlock();
    private final SoftmaxRows partials = new SoftmaxRows();  // [pieces that are split][ranges][kvHeads][queries of the piece]
    private final WorkerPool.Task mergeTask = this::mergePiece;
    private KvRows kv;
    private AttentionRule rule;
    private Tensor queries;
    private Tensor out;
    private int group;

    AttendSection(final WorkerPool workers) {
        this.workers = workers;
        scratch = new AttendScratch[workers.workerCount()];
        Arrays.setAll(scratch, i -> new AttendScratch());
    }

    void run(final KvRows kv, final int layer, final AttentionRule rule, final Tensor queries, final Tensor out) {
        this.kv = kv;
        this.rule = rule;
        this.queries = queries;
        this.out = out;
        final KvLayout layout = kv.layout();
        group = queries.width() / layout.headDim() / kv.kvHeads();
        final int queriesMax = Math.max(QUERIES_MAX, group);
        plan.build(kv, rule, queriesMax, group);
        final WorkerPool pool = plan.positions() * queries.width() * 2 <= INLINE_PRODUCTS_MAX ? WorkerPool.INLINE : workers;
        plan.cutTasks(pool.workerCount());
        block.begin(kv, layer, rule, group);
        for (final AttendScratch each : scratch) {
            each.reserve(queriesMax, layout);
        }
        partials.reserve(plan.partialQueries(), layout.headDim());
        pool.run(plan.taskCount(), this);
        if (plan.partialQueries() > 0) {
            final boolean small = (long) plan.partialQueries() * layout.headDim() <= INLINE_PRODUCTS_MAX;
            (small ? WorkerPool.INLINE : workers).run(plan.pieceCount() * kv.kvHeads(), mergeTask);
        }
    }

    @Override
    public void run(final int task, final int worker) {
        final int piece = plan.piece(task);
        final AttendScratch s = begin(scratch[worker], piece, plan.head(task), plan.headEnd(task));
        if (plan.isSplit(piece)) {
            for (int range = plan.range(task); range < plan.rangeEnd(task); range++) {
                // One head after the other when tasks have several: they are neighbours there too.
                range(s, piece, range, partials, plan.partialAt(piece, range, s.firstHead));
            }
            return;
        }
        range(s, piece, plan.range(task), s.whole, 0);
        for (int range = plan.range(task) + 1; range < plan.rangeEnd(task); range++) {
            range(s, piece, range, s.part, 0);
            for (int q = 0; q < s.headCount * s.queryCount; q++) {
                s.whole.merge(q, s.part, q);
            }
        }
        for (int head = 0; head < s.headCount; head++) {
            finish(s, s.firstHead + head, head * s.queryCount);
        }
    }

    /** Scales the queries of a task. */
    private AttendScratch begin(final AttendScratch s, final int piece, final int head, final int headEnd) {
        final int headDim = kv.layout().headDim();
        s.firstRow = plan.firstRow(piece);
        s.queryCount = plan.queryCount(piece);
        s.firstHead = head;
        s.headCount = headEnd - head;
        for (int i = 0; i < s.headCount * s.queryCount; i++) {
            final int from = offset(s, head + i / s.queryCount, i % s.queryCount);
            RowKernels.multiply(queries.values(), from, rule.scale(), s.queries, i * headDim, headDim);
            if (kv.layout().element() == KvElement.I4) {
                s.querySums[i] = SoftmaxKernels.sum(s.queries, i * headDim, headDim, s.lanes);
            }
        }
        block.beginTask(s);
        return s;
    }

    /** @return where query {@code q} of a task's key-value head stands in the queries and in the output */
    private int offset(final AttendScratch s, final int kvHead, final int q) {
        return (s.firstRow + q / group) * queries.width() + (kvHead * group + q % group) * kv.layout().headDim();
    }

    /** The blocks of one range that any row of the task sees, each with all heads of the task. */
    private void range(final AttendScratch s, final int piece, final int range, final SoftmaxRows into, final int at) {
        final int blockTokens = kv.layout().blockTokens();
        final int from = Math.max(plan.firstPosition(piece), range * ScalarAttention.RANGE_TOKENS);
        final int last = Math.min(plan.lastPosition(piece), (range + 1) * ScalarAttention.RANGE_TOKENS - 1);
        into.clear(at, s.headCount * s.queryCount);
        s.into = into;
        for (int index = from / blockTokens; index <= last / blockTokens; index++) {
            for (int head = 0; head < s.headCount; head++) {
                s.queryAt = head * s.queryCount;
                s.intoAt = at + s.queryAt;
                block.add(s, index, s.firstHead + head);
            }
        }
    }

    private void finish(final AttendScratch s, final int kvHead, final int at) {
        for (int q = 0; q < s.queryCount; q++) {
            if (rule.sinks() != null) {
                s.whole.addSink(at + q, rule.sinks()[kvHead * group + q % group]);
            }
            s.whole.write(at + q, out.values(), offset(s, kvHead, q));
        }
    }

    /** Merges the ranges of a piece that was split, in their order. */
    private void mergePiece(final int index, final int worker) {
        final int piece = index / kv.kvHeads();
        final int kvHead = index % kv.kvHeads();
        if (!plan.isSplit(piece)) {
            return;
        }
        final AttendScratch s = scratch[worker];
        s.firstRow = plan.firstRow(piece);
        s.queryCount = plan.queryCount(piece);
        s.whole.clear(0, s.queryCount);
        for (int range = plan.firstRange(piece); range < plan.firstRange(piece) + plan.rangeCount(piece); range++) {
            final int at = plan.partialAt(piece, range, kvHead);
            for (int q = 0; q < s.queryCount; q++) {
                s.whole.merge(q, partials, at + q);
            }
        }
        finish(s, kvHead, 0);
    }

    @Override
    public void close() {
        for (final AttendScratch each : scratch) {
            each.close();
        }
    }
}
