package io.spillway.node.cuda;

import static io.spillway.node.cuda.KernelLaunch.int64;

import io.spillway.node.compute.AttentionRule;
import io.spillway.node.compute.DType;

/**
 * Attention of single rows. {@link Plan} goes first, once a step for all layers of one window; {@link Attend} follows for every layer.
 * Arguments do not change from step to step: a captured launch suits every step. Rows at negative positions are left alone.
 */
public sealed interface DecodeCall extends AttentionCall {
    /** Which block attends to what. @param positions [rows] ints; work {@link DecodeBucket#workBytes}; windowTokens of the rule */
    record Plan(DecodeBucket bucket, long positions, long work, int windowTokens) implements DecodeCall {
        @Override
        public KernelLaunch launch() {
            return KernelLaunch.of("attend_plan", Extent.of(1), THREADS, positions, work, bucket.rows(), bucket.headGroups(), bucket.itemsMax(),
                    windowTokens, bucket.blocks(), bucket.isInvariant() ? 1 : 0).overlapping();
        }
    }

    /**
     * Where a launch reads and writes.
     *
     * @param queries [rows][heads · headDim] halves, rotated
     * @param work    of {@link Plan}
     * @param parts   {@link DecodeBucket#partsBytes}; 16-byte aligned
     * @param sinks   [heads] floats, 0: none
     * @param out     [rows][heads · headDim] halves
     */
    record Places(long queries, long work, long parts, long sinks, long out) { }

    /**
     * Attention of every row over its own and earlier positions, which are stored.
     *
     * @param kv   of which positions are not read: the plan holds them
     * @param half F16 or BF16, of queries and out
     */
    record Attend(DecodeBucket bucket, PagedKv kv, int layer, AttentionRule rule, Places places, DType half) implements DecodeCall {
        private static final int THREADS_NARROW = 128;
        private static final int NARROW_DIMS = 128;

        public Attend {
            AttentionCall.require(kv);
            if (!kv.layout().equals(bucket.layout())) {
                throw new IllegalArgumentException("the bucket is for another layout of blocks");
            }
            if (half != DType.F16 && half != DType.BF16) {
                throw new IllegalArgumentException(half + " is not a half");
            }
        }

        @Override
        public KernelLaunch launch() {
            final int headDim = kv.layout().headDim();
            final int threads = headDim <= NARROW_DIMS ? THREADS_NARROW : 2 * THREADS_NARROW;
            return KernelLaunch.of(AttentionCall.name("attend_decode", kv), new Extent(bucket.headGroups(), bucket.blocks(), 1), threads,
                    places.queries, kv.slab(), kv.sequences(), kv.tables(), places.work, places.parts, places.sinks, places.out,
                    int64(kv.layout().blockBytes()), int64(kv.layerOffset(layer)), bucket.heads(), kv.layout().kvHeads(), headDim,
                    kv.layout().blockTokens(), kv.tableStride(), bucket.itemsMax(), KernelCall.isBf16(half), rule.scale(), rule.softcap()).overlapping();
        }
    }
}
