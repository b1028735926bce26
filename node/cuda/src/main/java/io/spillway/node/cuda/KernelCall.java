package io.spillway.node.cuda;

import static io.spillway.node.cuda.KernelLaunch.int64;

import io.spillway.node.compute.AttentionRule;
import io.spillway.node.compute.DType;

/**
 * The kernels and how each is launched: grid, block and arguments follow from what is computed. Longs are device addresses unless
 * named otherwise; shapes as in {@code src/main/cuda}. Values only; any thread.
 */
public sealed interface KernelCall {
    /** @return the launch that computes it */
    KernelLaunch launch();

    /** x += delta (0: none), then out = x / rms(x) · gain. @param x [rows][width], like delta and out; gain [width] */
    record RmsNorm(long x, long delta, long gain, long out, int rows, int width, float epsilon) implements KernelCall {
        @Override
        public KernelLaunch launch() {
            return KernelLaunch.of("rms_norm", Extent.of(rows), THREADS, x, delta, gain, out, width, epsilon);
        }
    }

    /** gate = silu(gate) · up. @param gateStride floats from row to row of gate, upStride likewise */
    record SwiGlu(long gate, long up, int rows, int width, int gateStride, int upStride) implements KernelCall {
        @Override
        public KernelLaunch launch() {
            return KernelLaunch.of("swi_glu", new Extent(Math.ceilDiv(width, 4 * THREADS), rows, 1), THREADS, gate, up, width, gateStride, upStride);
        }
    }

    /** Rows of a packed matrix. @param dtype F16, BF16 or Q8_0; tokens [rows] ints; out [rows][columns] */
    record Embed(DType dtype, long matrix, long tokens, long out, int rows, int columns) implements KernelCall {
        @Override
        public KernelLaunch launch() {
            final Extent grid = new Extent(Math.ceilDiv(columns, THREADS), rows, 1);
            return switch (dtype) {
                case F16, BF16 -> KernelLaunch.of("embed_halves", grid, THREADS, matrix, tokens, out, columns, isBf16(dtype));
                case Q8_0 -> KernelLaunch.of("embed_q8_0", grid, THREADS, matrix, tokens, out, columns);
                default -> throw new IllegalArgumentException("no GPU kernel reads embeddings of " + dtype);
            };
        }
    }

    /** Pieces of memory, in one launch. @param sourceOffsets [pieces] longs, targetOffsets likewise; bytes of every piece */
    record CopyPieces(long source, long sourceOffsets, long target, long targetOffsets, int pieces, long bytes) implements KernelCall {
        private static final long SHARE_BYTES = 32L << 10;
        private static final long SHARES_MAX = 64;

        @Override
        public KernelLaunch launch() {
            final int shares = (int) Math.clamp(Math.ceilDiv(bytes, SHARE_BYTES), 1, SHARES_MAX);
            return KernelLaunch.of("copy_pieces", new Extent(shares, pieces, 1), THREADS, source, sourceOffsets, target, targetOffsets, int64(bytes));
        }
    }

    /**
     * Splits qkv, rotates queries and keys, writes keys and values to the cache.
     *
     * @param qkv     [rows][(heads + 2 · kvHeads) · headDim]
     * @param cosines [rows][half], like sines
     * @param queries [rows][heads · headDim]
     */
    record RotateSplitStore(PagedKv kv, int layer, long qkv, long cosines, long sines, long queries, int rows, int heads, int half) implements KernelCall {
        @Override
        public KernelLaunch launch() {
            final int kvHeads = kv.layout().kvHeads();
            final int headDim = kv.layout().headDim();
            final int threads = Math.min(THREADS, Math.ceilDiv(headDim, WARP) * WARP);
            return KernelLaunch.of("rotate_split_store", new Extent(rows, heads + 2 * kvHeads, 1), threads, qkv, cosines, sines, queries,
                    kv.positions(), kv.sequences(), kv.tables(), kv.slab(), int64(kv.layout().blockBytes()), int64(kv.layerOffset(layer)),
                    heads, kvHeads, headDim, half, kv.layout().blockTokens(), kv.tableStride());
        }
    }

    /**
     * Attention of single rows, first half: partial results. {@link AttendMerge} follows.
     *
     * @param queries   [rows][heads · headDim]
     * @param parts     [rows][heads][splitsMax][headDim + 2]
     * @param splitsMax {@link #splits} of the row that sees most
     */
    record AttendSplit(PagedKv kv, int layer, AttentionRule rule, long queries, long parts, int rows, int heads, int splitsMax) implements KernelCall {
        /** Positions of a split, whatever the batch. */
        public static final int SPLIT_TOKENS = 256;

        private static final int SPLIT_THREADS = 128;
        private static final int GROUP_MAX = 8;

        public AttendSplit {
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
    record AttendMerge(AttendSplit split, long sinks, long out) implements KernelCall {
        @Override
        public KernelLaunch launch() {
            final int headDim = split.kv.layout().headDim();
            return KernelLaunch.of("attend_merge", new Extent(split.heads, split.rows, 1), Math.ceilDiv(headDim, WARP) * WARP, split.parts,
                    split.kv.positions(), sinks, out, split.heads, headDim, split.splitsMax, split.rule.windowTokens());
        }
    }

    /** A packed F16 or BF16 matrix [outputs][columns] by a few rows. @param in [rows][columns]; out [rows][outputs] */
    record GemvHalves(DType dtype, long matrix, long in, long out, int rows, int outputs, int columns) implements KernelCall {
        @Override
        public KernelLaunch launch() {
            if (dtype != DType.F16 && dtype != DType.BF16) {
                throw new IllegalArgumentException(dtype + " is not a half");
            }
            return KernelLaunch.of("gemv_halves", panels(outputs, rows), THREADS, matrix, in, out, rows, outputs, columns, columns, outputs, isBf16(dtype));
        }
    }

    /** Rounds activations for {@link GemvQ8}. @param in [rows][columns]; rounded [rows][columns] bytes; scales [rows][columns / 32] */
    record RoundActivations(long in, long rounded, long scales, int rows, int columns) implements KernelCall {
        @Override
        public KernelLaunch launch() {
            return KernelLaunch.of("round_activations", new Extent(Math.ceilDiv(columns, THREADS), rows, 1), THREADS, in, rounded, scales, columns, columns);
        }
    }

    /** A packed Q8_0 matrix [outputs][columns] by a few rounded rows. @param out [rows][outputs] */
    record GemvQ8(long matrix, long rounded, long scales, long out, int rows, int outputs, int columns) implements KernelCall {
        @Override
        public KernelLaunch launch() {
            return KernelLaunch.of("gemv_q8_0", panels(outputs, rows), THREADS, matrix, rounded, scales, out, rows, outputs, columns, outputs);
        }
    }

    /** The largest logit of every row. @param tokens [rows] ints: {@link #NO_TOKEN} where the logits are no numbers to choose by */
    record Argmax(long logits, long tokens, int rows, int vocabulary) implements KernelCall {
        @Override
        public KernelLaunch launch() {
            return KernelLaunch.of("argmax_rows", Extent.of(rows), THREADS, logits, tokens, vocabulary);
        }
    }

    /**
     * One draw of every row among its best.
     *
     * @param temperatures [rows] floats, positive
     * @param topKs        [rows] ints, 1 to {@link #TOP_K_MAX}
     * @param seeds        [rows] longs, positions likewise
     */
    record DrawTopK(long logits, long temperatures, long topKs, long seeds, long positions, long tokens, int rows, int vocabulary) implements KernelCall {
        /** Most candidates. */
        public static final int TOP_K_MAX = 256;

        @Override
        public KernelLaunch launch() {
            return KernelLaunch.of("draw_top_k", Extent.of(rows), THREADS, logits, temperatures, topKs, seeds, positions, tokens, vocabulary);
        }
    }

    /** What a row gets whose logits hold a NaN, or whose largest is infinite. */
    int NO_TOKEN = -1;
    /** Threads of a block of most kernels. */
    int THREADS = 256;
    /** Threads of a warp. */
    int WARP = 32;

    private static int isBf16(final DType dtype) {
        return dtype == DType.BF16 ? 1 : 0;
    }

    private static Extent panels(final int outputs, final int rows) {
        final int rowsTogether = 4;
        return new Extent(Math.ceilDiv(outputs, DType.PANEL_ROWS), Math.ceilDiv(rows, rowsTogether), 1);
    }
}
