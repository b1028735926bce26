package io.spillway.node.cuda;

import static io.spillway.node.cuda.KernelLaunch.int64;

import io.spillway.domain.kv.KvElement;
import io.spillway.node.compute.AttentionRule;

/** Kernels of attention over the paged cache, and how each is launched: image {@code attend}. Longs are device addresses unless named otherwise; shapes as in {@code src/main/cuda}. Values only; any thread. */
public sealed interface AttentionCall extends KernelCall {
    /**
     * Attention of single rows, first half: partial results. {@link AttendMerge} follows.
     *
     * @param queries   [rows][heads · headDim]
     * @param parts     [rows][heads][splitsMax][headDim + 2]
     * @param splitsMax {@link #splits} of the row that sees most
     */
    record AttendSplit(PagedKv kv, int layer, AttentionRule rule, long queries, long parts, int rows, int heads, int splitsMax) implements AttentionCall {
        /** Positions of a split, whatever the batch. */
        public static final int SPLIT_TOKENS = 256;

        private static final int SPLIT_THREADS = 128;
        private static final int GROUP_MAX = 8;

        public AttendSplit {
            kv.require(KvElement.F16);
            if (kv.layout().headDim() > PagedKv.HEAD_DIM_MAX) {
                throw new IllegalArgumentException("attention takes heads of " + PagedKv.HEAD_DIM_MAX + " at most, not " + kv.layout().headDim());
            }
        }

        /** @return splits that a row at that position sees */
        public static int splits(final AttentionRule rule, final int position) {
            return position / SPLIT_TOKENS - rule.firstVisible(position) / SPLIT_TOKENS + 1;
        }

        @Override
        public KernelLaunch launch() {
            final int kvHeads = kv.layout().kvHeads();
            final int groups = kvHeads * Math.ceilDiv(heads / kvHeads, GROUP_MAX);
            return KernelLaunch.of("attend_split", new Extent(splitsMax, groups, rows), SPLIT_THREADS, queries, kv.slab(), kv.positions(),
                    kv.sequences(), kv.tables(), parts, int64(kv.layout().blockBytes()), int64(kv.layerOffset(layer)), heads, kvHeads,
                    kv.layout().headDim(), kv.layout().blockTokens(), kv.tableStride(), splitsMax, rule.windowTokens(), rule.scale(), rule.softcap());
        }
    }

    /** The other half. @param sinks [heads], 0: none; out [rows][heads · headDim] */
    record AttendMerge(AttendSplit split, long sinks, long out) implements AttentionCall {
        @Override
        public KernelLaunch launch() {
            final int headDim = split.kv.layout().headDim();
            return KernelLaunch.of("attend_merge", new Extent(split.heads, split.rows, 1), Math.ceilDiv(headDim, WARP) * WARP, split.parts,
                    split.kv.positions(), sinks, out, split.heads, headDim, split.splitsMax, split.rule.windowTokens());
        }
    }
}
