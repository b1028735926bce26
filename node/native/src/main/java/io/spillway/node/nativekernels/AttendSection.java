package io.spillway.node.nativekernels;

import io.spillway.node.compute.AttentionRule;
import io.spillway.node.compute.KvRows;
import io.spillway.node.compute.Tensor;
import io.spillway.node.compute.WorkerPool;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Attention over the paged cache, in pieces of some rows of one sequence by one key-value head, one call into the library each.
 * When these are fewer than the workers can share, ranges of positions are handed out too, and merged in a second section:
 * the same bits.
 *
 * <p>Filled by the engine thread; pieces run on any worker and write disjoint outputs.
 */
final class AttendSection implements WorkerPool.Task, AutoCloseable {
    /** Multiplications below which waking another core costs more than it saves. */
    private static final long INLINE_PRODUCTS_MAX = 300_000;
    /** The library's vectors hold the tokens of one block. */
    private static final int BLOCK_TOKENS_MIN = 16;

    /** What a piece does. */
    private enum Phase { WHOLE, PART, MERGE }

    private final int set;
    private final WorkerPool workers;
    private final AttendPlan plan;
    private final AttentionLayer attention = new AttentionLayer();
    private final Scratch scratch = new Scratch();   // [workers]: queries, results, then the kernel's own
    private final Scratch parts = new Scratch();     // [kv heads][ranges of all pieces]
    private KvRows kv;
    private Tensor queries;
    private Tensor out;
    private Phase phase;
    private int rowFloats;       // of one row: the query heads that share a key-value head
    private long rowsBytes;      // of a worker's queries
    private long workerBytes;
    private long partBytes;      // of one range of the longest piece

    AttendSection(final InstructionSet set, final WorkerPool workers) {
        this.set = set.number();
        this.workers = workers;
        plan = new AttendPlan(workers.workerCount());
    }

    /** @return whether the kernels can read that cache */
    static boolean fits(final KvRows kv) {
        return kv.layout().blockTokens() >= BLOCK_TOKENS_MIN && kv.slab().isNative();
    }

    void run(final KvRows kv, final int layer, final AttentionRule rule, final Tensor queries, final Tensor out) {
        this.kv = kv;
        this.queries = queries;
        this.out = out;
        final int kvHeads = kv.kvHeads();
        rowFloats = queries.width() / kvHeads;
        final int group = rowFloats / kv.layout().headDim();
        attention.set(kv, layer, rule, group);
        final long products = plan.fill(kv, rule, group) * queries.width() * 2;
        reserve();
        final WorkerPool pool = products <= INLINE_PRODUCTS_MAX ? WorkerPool.INLINE : workers;
        if (pool == workers && plan.splits(kvHeads)) {
            parts.reserve(partBytes * plan.parts() * kvHeads);
            phase = Phase.PART;
            pool.run(plan.parts() * kvHeads, this);
            phase = Phase.MERGE;
        } else {
            phase = Phase.WHOLE;
        }
        (phase == Phase.MERGE ? WorkerPool.INLINE : pool).run(plan.pieces() * kvHeads, this);
    }

    private void reserve() {
        final long line = 64;
        rowsBytes = Math.ceilDiv((long) plan.rowsMax() * rowFloats * Float.BYTES, line) * line;
        final long kernel = Kernels.attendScratchBytes(set, attention.address(), plan.rowsMax());
        workerBytes = 2 * rowsBytes + Math.ceilDiv(kernel, line) * line;
        scratch.reserve(workers.workerCount() * workerBytes);
        partBytes = Math.ceilDiv(Kernels.attendPartBytes(set, attention.address(), plan.rowsMax()), line) * line;
    }

    @Override
    public void run(final int piece, final int worker) {
        final int kvHead = piece % kv.kvHeads();
        final int index = piece / kv.kvHeads();
        if (phase == Phase.PART) {
            part(index, kvHead, worker);
        } else {
            whole(index, kvHead, worker);
        }
    }

    private void whole(final int piece, final int kvHead, final int worker) {
        final long at = worker * workerBytes;
        final long address = scratch.address() + at;
        final long result = address + rowsBytes;
        if (phase == Phase.WHOLE) {
            copyQueries(piece, kvHead, at);
            Kernels.attend(set, attention.address(), plan.blocks(piece), plan.positions(piece), plan.rows(piece), kvHead, address,
                    result + rowsBytes, result);
        } else {
            Kernels.attendMerge(set, attention.address(), plan.positions(piece), plan.rows(piece), kvHead, result + rowsBytes,
                    plan.firstRange(piece), plan.ranges(piece), partAddress(piece, kvHead), result);
        }
        for (int row = 0; row < plan.rows(piece); row++) {
            MemorySegment.copy(scratch.segment(), ValueLayout.JAVA_FLOAT, at + rowsBytes + (long) row * rowFloats * Float.BYTES,
                    out.values(), (plan.firstRow(piece) + row) * out.width() + kvHead * rowFloats, rowFloats);
        }
    }

    private void part(final int index, final int kvHead, final int worker) {
        int piece = 0;
        while (plan.partsBefore(piece + 1) <= index) {
            piece++;
        }
        final long at = worker * workerBytes;
        final long address = scratch.address() + at;
        copyQueries(piece, kvHead, at);
        final int range = index - plan.partsBefore(piece);
        final long bytes = Kernels.attendPartBytes(set, attention.address(), plan.rows(piece));
        Kernels.attendPart(set, attention.address(), plan.blocks(piece), plan.positions(piece), plan.rows(piece), kvHead, address,
                address + 2 * rowsBytes, plan.firstRange(piece) + range, partAddress(piece, kvHead) + range * bytes);
    }

    /** @return where the ranges of a piece stand, one behind the other */
    private long partAddress(final int piece, final int kvHead) {
        return parts.address() + ((long) kvHead * plan.parts() + plan.partsBefore(piece)) * partBytes;
    }

    private void copyQueries(final int piece, final int kvHead, final long at) {
        for (int row = 0; row < plan.rows(piece); row++) {
            MemorySegment.copy(queries.values(), (plan.firstRow(piece) + row) * queries.width() + kvHead * rowFloats,
                    scratch.segment(), ValueLayout.JAVA_FLOAT, at + (long) row * rowFloats * Float.BYTES, rowFloats);
        }
    }

    @Override
    public void close() {
        plan.close();
        attention.close();
        scratch.close();
        parts.close();
    }
}
