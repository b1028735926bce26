package io.spillway.node.cuda;

import static io.spillway.node.cuda.KernelLaunch.int64;

import io.spillway.node.compute.DType;

/**
 * Kernels that take a row or a piece of memory each, and how each is launched: image {@code rows}. The residual stream is f32, what
 * enters and leaves a projection is a half type ({@link Values}), gains and biases are f32. Longs are device addresses unless named
 * otherwise; shapes as in {@code src/main/cuda}. Rows that only fill a bucket are computed like others where they lie in activations; they
 * write nothing to the cache. Values only; any thread.
 */
public sealed interface RowCall extends KernelCall {
    /** Numbers that a thread takes at once. */
    int EIGHT = 8;

    /** The gated units. Kernels know them by their place. */
    enum Unit {
        /** silu(gate) · up. */
        SWI_GLU,
        /** gelu(gate) · up. */
        GE_GLU,
        /** That of gpt-oss. */
        CLAMPED_SWI_GLU
    }

    /**
     * What a residual stream takes in: nothing, or a delta, which may be normed itself first.
     *
     * @param values [rows][width]; {@link Values#NONE}: nothing
     * @param gain   [width] of the delta's own norm; 0: it has none
     */
    record Delta(Values values, long gain) {
        /** Nothing. */
        public static final Delta NONE = new Delta(Values.NONE, 0);

        /** @return a delta as it is */
        public static Delta of(final Values values) {
            return new Delta(values, 0);
        }
    }

    /**
     * x += delta, then out = x / rms(x) · gain. A row's result depends on nothing but the row.
     *
     * @param x       [rows][width] f32
     * @param gain    [width]
     * @param out     [rows][width]; {@link Values#NONE}: only the addition
     * @param epsilon of both norms
     */
    record RmsNorm(long x, Delta delta, long gain, Values out, int rows, int width, float epsilon) implements RowCall {
        private static final int THREADS_MAX = 1024;

        /** x += delta and nothing else. @param epsilon of the delta's norm, where it has one */
        public static RmsNorm add(final long x, final Delta delta, final int rows, final int width, final float epsilon) {
            return new RmsNorm(x, delta, 0, Values.NONE, rows, width, epsilon);
        }

        @Override
        public KernelLaunch launch() {
            final int threads = Math.min(THREADS_MAX, Math.ceilDiv(width, EIGHT * WARP) * WARP);
            return KernelLaunch.of("rms_norm", Extent.of(rows), threads, x, delta.values.address(), delta.gain, gain, out.address(), width, epsilon,
                    delta.values.kind(), out.kind()).overlapping();
        }
    }

    /** out = unit(gate) · up. @param in [rows][2 · width] halves, gate before up; out [rows][width] of the same type */
    record GatedUnit(Unit unit, Values in, long out, int rows, int width) implements RowCall {
        @Override
        public KernelLaunch launch() {
            return KernelLaunch.of("gated_unit", eights(width, rows), THREADS, in.address(), out, width, unit.ordinal(), in.halfKind()).overlapping();
        }
    }

    /** x = cap · tanh(x / cap). @param x [count] f32 */
    record Softcap(long x, long count, float cap) implements RowCall {
        @Override
        public KernelLaunch launch() {
            return KernelLaunch.of("softcap_logits", Extent.of(Math.toIntExact(Math.ceilDiv(count, (long) EIGHT * THREADS))), THREADS, x, int64(count), cap).overlapping();
        }
    }

    /** x += bias. @param x [rows][width]; bias [width] */
    record AddBias(Values x, long bias, int rows, int width) implements RowCall {
        @Override
        public KernelLaunch launch() {
            return KernelLaunch.of("add_bias", eights(width, rows), THREADS, x.address(), bias, width, x.kind()).overlapping();
        }
    }

    /**
     * The residual stream's beginning: rows of a row-major matrix of halves, times a scale. A token outside the vocabulary gives zeros.
     *
     * @param matrix [vocabulary][stride]
     * @param tokens [rows] ints
     * @param out    [rows][columns] f32
     */
    record EmbedRows(Values matrix, long tokens, long out, int rows, int columns, int stride, int vocabulary, float scale) implements RowCall {
        @Override
        public KernelLaunch launch() {
            return KernelLaunch.of("embed_rows", eights(columns, rows), THREADS, matrix.address(), tokens, out, columns, stride, vocabulary, scale,
                    matrix.halfKind());
        }
    }

    /** The same of a packed matrix. @param dtype a quantised format */
    record EmbedPacked(DType dtype, long matrix, long tokens, long out, int rows, int columns, int vocabulary, float scale) implements RowCall {
        private static final int COLUMNS = 4;

        public EmbedPacked {
            if (dtype.compareTo(DType.F8) < 0) {
                throw new IllegalArgumentException("embeddings of " + dtype + " are row-major halves on the device");
            }
        }

        @Override
        public KernelLaunch launch() {
            return KernelLaunch.of("embed_packed", new Extent(Math.ceilDiv(columns, COLUMNS * THREADS), rows, 1), THREADS, matrix, tokens, out, columns,
                    int64(dtype.panelBytes(columns)), vocabulary, scale, dtype.ordinal());
        }
    }

    /** out[i] = in[index[i]]; a negative number leaves out[i] as it is. @param index [rows] ints */
    record GatherRows(long in, long index, long out, int rows, long rowBytes) implements RowCall {
        @Override
        public KernelLaunch launch() {
            return KernelLaunch.of("gather_rows", shares(rowBytes, rows), THREADS, in, index, out, int64(rowBytes)).overlapping();
        }
    }

    /**
     * What is done to heads between projection and attention.
     *
     * @param bias      of the whole row; 0: none
     * @param queryGain [headDim]; 0: no norm
     * @param keyGain   [headDim]; 0: no norm
     * @param epsilon   of both norms
     * @param rotary    [positions][cosines, sines][half] f32
     * @param half      rotated pairs of a head; 0: none
     */
    record HeadRule(long bias, long queryGain, long keyGain, float epsilon, long rotary, int half) {
    }

    /**
     * Finishes rows of queries | keys | values by the rule and writes keys and values to the cache. A row whose position is negative is
     * left out.
     *
     * @param qkv     [rows][(heads + 2 · storedHeads) · headDim] halves
     * @param queries [rows][heads · headDim], of the same type
     * @param heads   0: keys and values only
     * @param stores  false: queries only
     */
    record QkvFinish(PagedKv kv, int layer, HeadRule rule, Values qkv, long queries, int rows, int heads, boolean stores) implements RowCall {
        private static final int TILE_ROWS = 16;
        private static final int TILE_THREADS = 128;

        public QkvFinish {
            if (kv.layout().headDim() > PagedKv.HEAD_DIM_MAX) {
                throw new IllegalArgumentException("heads are " + PagedKv.HEAD_DIM_MAX + " wide at most, not " + kv.layout().headDim());
            }
        }

        @Override
        public KernelLaunch launch() {
            final int stored = stores ? kv.layout().kvHeads() : 0;
            return KernelLaunch.of("qkv_finish", new Extent(Math.ceilDiv(rows, TILE_ROWS), heads + 2 * stored, 1), TILE_THREADS, qkv.address(), rule.bias,
                    rule.queryGain, rule.keyGain, rule.rotary, queries, kv.positions(), kv.sequences(), kv.tables(), kv.slab(),
                    int64(kv.layout().blockBytes()), int64(kv.layerOffset(layer)), rule.epsilon, rows, heads, stored, kv.layout().headDim(), rule.half,
                    kv.layout().blockTokens(), kv.tableStride(), qkv.halfKind(), kv.layout().element().number()).overlapping();
        }
    }

    /** Pieces of memory, in one launch. @param sourceOffsets [pieces] longs, targetOffsets likewise; bytes of every piece */
    record CopyPieces(long source, long sourceOffsets, long target, long targetOffsets, int pieces, long bytes) implements RowCall {
        @Override
        public KernelLaunch launch() {
            return KernelLaunch.of("copy_pieces", shares(bytes, pieces), THREADS, source, sourceOffsets, target, targetOffsets, int64(bytes));
        }
    }

    /**
     * Some layers of many blocks between the cache and a dense buffer.
     *
     * @param slab    block b starts at {@code b · blockBytes}
     * @param blocks  [count] ints; a negative one is left out
     * @param staging [count][bytes]
     * @param offset  bytes from a block's beginning to the first of the layers
     * @param bytes   of the layers in one block
     * @param toSlab  whether the cache is written; else it is read
     */
    record CopyBlocks(long slab, long blocks, long staging, int count, long blockBytes, long offset, long bytes, boolean toSlab) implements RowCall {
        @Override
        public KernelLaunch launch() {
            return KernelLaunch.of("copy_blocks", shares(bytes, count), THREADS, slab, blocks, staging, int64(blockBytes), int64(offset), int64(bytes),
                    toSlab ? 1 : 0);
        }
    }

    private static Extent eights(final int width, final int rows) {
        return new Extent(Math.ceilDiv(width, EIGHT * THREADS), rows, 1);
    }

    private static Extent shares(final long bytes, final int pieces) {
        final long shareBytes = 32L << 10;
        final long sharesMax = 64;
        return new Extent((int) Math.clamp(Math.ceilDiv(bytes, shareBytes), 1, sharesMax), pieces, 1);
    }
}
