package io.spillway.node.cuda;

import static io.spillway.node.cuda.KernelLaunch.int64;

import io.spillway.node.compute.AttentionRule;
import io.spillway.node.compute.DType;

/**
 * Attention of chunks of rows, over all that came before them and themselves.
 *
 * @param kv     positions of every row of a chunk; sequences are not read: the work names them
 * @param rule   of a positive scale
 * @param places where it reads and writes
 * @param half   F16 or BF16, of queries and out
 */
public record PrefillCall(PrefillWork work, PagedKv kv, int layer, AttentionRule rule, Places places, DType half) implements AttentionCall {
    private static final int PREFILL_THREADS = 128;
    private static final int KEY_TOKENS = 64;
    private static final int NARROW_DIMS = 128;
    private static final int SCALE_BYTES = 2 * KEY_TOKENS * Float.BYTES;

    /**
     * Where a launch reads and writes. Rows that no chunk names are left alone.
     *
     * @param queries  [rows][heads · headDim] halves, rotated
     * @param items    {@link PrefillWork#ints}
     * @param arrivals {@link PrefillWork#arrivalsBytes}
     * @param parts    {@link PrefillWork#partsBytes}; 16-byte aligned
     * @param sinks    [heads] floats, 0: none
     * @param out      [rows][heads · headDim] halves
     */
    public record Places(long queries, long items, long arrivals, long parts, long sinks, long out) { }

    public PrefillCall {
        AttentionCall.require(kv);
        if (!kv.layout().equals(work.layout())) {
            throw new IllegalArgumentException("the work is for another layout of blocks");
        }
        if (half != DType.F16 && half != DType.BF16) {
            throw new IllegalArgumentException(half + " is not a half");
        }
        if (!(rule.scale() > 0)) {
            throw new IllegalArgumentException("attention takes a positive scale, not " + rule.scale());
        }
    }

    @Override
    public KernelLaunch launch() {
        final int headDim = kv.layout().headDim();
        return KernelLaunch.of(AttentionCall.name("attend_prefill", kv), new Extent(work.headGroups(), work.itemCount(), 1), PREFILL_THREADS,
                places.queries, kv.slab(), kv.positions(), kv.tables(), places.items, places.arrivals, places.parts, places.sinks, places.out,
                int64(kv.layout().blockBytes()), int64(kv.layerOffset(layer)), work.heads(), kv.layout().kvHeads(), headDim, kv.layout().blockTokens(),
                kv.tableStride(), KernelCall.isBf16(half), rule.windowTokens(), rule.scale(), rule.softcap()).withShared(sharedBytes()).overlapping();
    }

    /** A tile of queries, and one or two of keys and values: halves. */
    private int sharedBytes() {
        final int headDim = kv.layout().headDim();
        final int width = headDim <= 64 ? 64 : headDim <= NARROW_DIMS ? NARROW_DIMS : PagedKv.HEAD_DIM_MAX;
        final boolean isQuantised = kv.layout().element().isQuantised();
        final int stages = width > NARROW_DIMS || isQuantised ? 1 : 2;
        return Short.BYTES * width * (PrefillWork.tileRows(kv.layout()) + stages * 2 * KEY_TOKENS) + (isQuantised ? SCALE_BYTES : 0);
    }
}
