package io.spillway.node.cuda;

import static io.spillway.node.cuda.KernelLaunch.int64;

import io.spillway.domain.kv.KvElement;
import io.spillway.node.compute.DType;

/** Kernels that take a row or a piece of memory each, and how each is launched: image {@code rows}. Longs are device addresses unless named otherwise; shapes as in {@code src/main/cuda}. Values only; any thread. */
public sealed interface RowCall extends KernelCall {
    /** x += delta (0: none), then out = x / rms(x) · gain. @param x [rows][width], like delta and out; gain [width] */
    record RmsNorm(long x, long delta, long gain, long out, int rows, int width, float epsilon) implements RowCall {
        @Override
        public KernelLaunch launch() {
            return KernelLaunch.of("rms_norm", Extent.of(rows), THREADS, x, delta, gain, out, width, epsilon);
        }
    }

    /** gate = silu(gate) · up. @param gateStride floats from row to row of gate, upStride likewise */
    record SwiGlu(long gate, long up, int rows, int width, int gateStride, int upStride) implements RowCall {
        @Override
        public KernelLaunch launch() {
            return KernelLaunch.of("swi_glu", new Extent(Math.ceilDiv(width, 4 * THREADS), rows, 1), THREADS, gate, up, width, gateStride, upStride);
        }
    }

    /** Rows of a packed matrix. @param dtype F16, BF16 or Q8_0; tokens [rows] ints; out [rows][columns] */
    record Embed(DType dtype, long matrix, long tokens, long out, int rows, int columns) implements RowCall {
        @Override
        public KernelLaunch launch() {
            final Extent grid = new Extent(Math.ceilDiv(columns, THREADS), rows, 1);
            return switch (dtype) {
                case F16, BF16 -> KernelLaunch.of("embed_halves", grid, THREADS, matrix, tokens, out, columns, KernelCall.isBf16(dtype));
                case Q8_0 -> KernelLaunch.of("embed_q8_0", grid, THREADS, matrix, tokens, out, columns);
                default -> throw new IllegalArgumentException("no GPU kernel reads embeddings of " + dtype);
            };
        }
    }

    /**
     * Splits qkv, rotates queries and keys, writes keys and values to the cache.
     *
     * @param qkv     [rows][(heads + 2 · kvHeads) · headDim]
     * @param cosines [rows][half], like sines
     * @param queries [rows][heads · headDim]
     */
    record RotateSplitStore(PagedKv kv, int layer, long qkv, long cosines, long sines, long queries, int rows, int heads, int half) implements RowCall {
        public RotateSplitStore {
            kv.require(KvElement.F16);
        }

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

    /** Pieces of memory, in one launch. @param sourceOffsets [pieces] longs, targetOffsets likewise; bytes of every piece */
    record CopyPieces(long source, long sourceOffsets, long target, long targetOffsets, int pieces, long bytes) implements RowCall {
        private static final long SHARE_BYTES = 32L << 10;
        private static final long SHARES_MAX = 64;

        @Override
        public KernelLaunch launch() {
            final int shares = (int) Math.clamp(Math.ceilDiv(bytes, SHARE_BYTES), 1, SHARES_MAX);
            return KernelLaunch.of("copy_pieces", new Extent(shares, pieces, 1), THREADS, source, sourceOffsets, target, targetOffsets, int64(bytes));
        }
    }
}
