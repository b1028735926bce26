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
 * Attention over the paged cache, in tasks of some consecutive rows of one sequence by one key-value head ({@link AttendPlan}).
 * The query heads that share the head, and all rows of the task, meet each block of keys and values together.
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
    private final SoftmaxRows partials = new SoftmaxRows();  // [partials][kvHeads][queries of a piece]
    private final WorkerPool.Task mergeTask = this::mergePiece;
    private KvRows kv;
    private AttentionRule rule;
    private Tensor queries;
    private Tensor out;
    private int group;
    private int queriesMax;

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
        group = queries.width() / layout.headDim() / layout.kvHeads();
        final int rowsMax = Math.max(1, QUERIES_MAX / group);
        queriesMax = rowsMax * group;
        plan.build(kv, rule, rowsMax, workers.workerCount());
        block.begin(kv, layer, rule, group);
        for (final AttendScratch each : scratch) {
            each.reserve(queriesMax, layout);
        }
        partials.reserve(plan.partialCount() * layout.kvHeads() * queriesMax, layout.headDim());
        section(plan.positions() * queries.width() * 2, plan.taskCount(), this);
        if (plan.partialCount() > 0) {
            section((long) plan.partialCount() * queriesMax * layout.kvHeads() * layout.headDim(), plan.pieceCount(), mergeTask);
        }
    }

    private void section(final long products, final int tasks, final WorkerPool.Task task) {
        (products <= INLINE_PRODUCTS_MAX ? WorkerPool.INLINE : workers).run(tasks * kv.layout().kvHeads(), task);
    }

    @Override
    public void run(final int index, final int worker) {
        final int task = index / kv.layout().kvHeads();
        final int piece = plan.piece(task);
        final AttendScratch s = begin(worker, piece, index % kv.layout().kvHeads());
        if (plan.isSplit(piece)) {
            for (int range = plan.firstRange(task); range < plan.endRange(task); range++) {
                range(s, piece, range, partials, partialAt(piece, range, s.kvHead));
            }
            return;
        }
        range(s, piece, plan.firstRange(task), s.whole, 0);
        for (int range = plan.firstRange(task) + 1; range < plan.endRange(task); range++) {
            range(s, piece, range, s.part, 0);
            for (int q = 0; q < s.queryCount; q++) {
                s.whole.merge(q, s.part, q);
            }
        }
        finish(s);
    }

    /** Scales the queries of a task. */
    private AttendScratch begin(final int worker, final int piece, final int kvHead) {
        final AttendScratch s = scratch[worker];
        final int headDim = kv.layout().headDim();
        s.firstRow = plan.firstRow(piece);
        s.queryCount = plan.rowCount(piece) * group;
        s.kvHead = kvHead;
        for (int q = 0; q < s.queryCount; q++) {
            RowKernels.multiply(queries.values(), offset(s, q), rule.scale(), s.queries, q * headDim, headDim);
            if (kv.layout().element() == KvElement.I4) {
                s.querySums[q] = SoftmaxKernels.sum(s.queries, q * headDim, headDim, s.lanes);
            }
        }
        return s;
    }

    /** @return where query {@code q} of a task stands in the queries and in the output */
    private int offset(final AttendScratch s, final int q) {
        return (s.firstRow + q / group) * queries.width() + (s.kvHead * group + q % group) * kv.layout().headDim();
    }

    private int partialAt(final int piece, final int range, final int kvHead) {
        return (plan.partial(piece, range) * kv.layout().kvHeads() + kvHead) * queriesMax;
    }

    /** The blocks of one range that any row of the task sees. */
    private void range(final AttendScratch s, final int piece, final int range, final SoftmaxRows into, final int at) {
        final int blockTokens = kv.layout().blockTokens();
        final int from = Math.max(plan.firstPosition(piece), range * ScalarAttention.RANGE_TOKENS);
        final int last = Math.min(plan.lastPosition(piece), (range + 1) * ScalarAttention.RANGE_TOKENS - 1);
        into.clear(at, s.queryCount);
        s.into = into;
        s.intoAt = at;
        for (int index = from / blockTokens; index <= last / blockTokens; index++) {
            block.add(s, index);
        }
    }

    private void finish(final AttendScratch s) {
        for (int q = 0; q < s.queryCount; q++) {
            if (rule.sinks() != null) {
                s.whole.addSink(q, rule.sinks()[s.kvHead * group + q % group]);
            }
            s.whole.write(q, out.values(), offset(s, q));
        }
    }

    /** Merges the ranges of a piece that was split, in their order. */
    private void mergePiece(final int index, final int worker) {
        final int piece = index / kv.layout().kvHeads();
        if (!plan.isSplit(piece)) {
            return;
        }
        final AttendScratch s = scratch[worker];
        s.firstRow = plan.firstRow(piece);
        s.queryCount = plan.rowCount(piece) * group;
        s.kvHead = index % kv.layout().kvHeads();
        s.whole.clear(0, s.queryCount);
        final int first = plan.firstPosition(piece) / ScalarAttention.RANGE_TOKENS;
        for (int range = first; range < first + plan.rangeCount(piece); range++) {
            final int at = partialAt(piece, range, s.kvHead);
            for (int q = 0; q < s.queryCount; q++) {
                s.whole.merge(q, partials, at + q);
            }
        }
        finish(s);
    }

    @Override
    public void close() {
        for (final AttendScratch each : scratch) {
            each.close();
        }
    }
}
