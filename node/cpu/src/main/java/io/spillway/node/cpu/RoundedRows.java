package io.spillway.node.cpu;

import io.spillway.node.compute.ActivationRounding;
import io.spillway.node.compute.DType;
import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.compute.Tensor;

/**
 * Activations of a section, rounded to integers as {@link ActivationRounding} says, in the forms that integer kernels read.
 * Grown by the engine thread; rows are filled by any worker and then only read.
 */
final class RoundedRows {
    /** Rows that kernels of many rows take together. */
    static final int TILE_ROWS = 8;
    /** Sums of a block. */
    static final int BLOCK_SUMS = 3;
    /** What is subtracted from nibbles with {@link #starts}. */
    static final int NIBBLE_ZERO = 8;
    /** What is subtracted from integers of six bits with {@link #sixStarts}. */
    static final int SIX_ZERO = 32;
    /** Pairs of a block of 32 columns: first 8 of even columns, then 8 of odd ones. */
    static final int BLOCK_PAIRS = ActivationRounding.BLOCK / 2;
    /** Numbers of a block in {@link #bytePairs}. */
    static final int BLOCK_BYTE_PAIRS = BLOCK_PAIRS + BLOCK_PAIRS / 2;

    /**
     * {@code [rows][blocks][2][8]}: of four neighbouring columns a b c d, the even pair holds (a, c) and the odd pair (b, d),
     * as two signed halves of 32 bits. They travel as floats, which nothing but moves touches, because the compiler loads a
     * float into every lane with one instruction and takes two for an int.
     */
    float[] pairs = new float[0];
    /**
     * Like {@link #pairs}, for nibbles, each less 16 times the pair of the nibble below: p0, p1 - 16 p0, p2 - 16 p1, p3 - 16 p2 in
     * the order of a half's nibbles. So a half v = n0 + 16 n1 + 256 n2 + 4096 n3 need not be taken apart: v, v >> 4, v >> 8 and
     * v >> 12 times these make n0 p0 + n1 p1 + n2 p2 + n3 p3, modulo 2^16, which holds it. Filled when asked for.
     */
    float[] nibblePairs = new float[0];
    /**
     * {@code [rows][blocks][3][8]}: like {@link #pairs}, for {@link PairProducts#LOW_BIAS biased bytes}, so that of a half
     * v = 256 b + (a + 128) the upper byte only is taken out: even pairs, odd pairs less 256 times the even ones, and what a quad's
     * halves begin with: minus 128 times the even pair, and the bias. Filled when asked for.
     */
    float[] bytePairs = new float[0];
    /** [rows][columns / 32]: what a rounded activation is multiplied by. */
    float[] scales = new float[0];
    /** [rows][blocks][3]: sums of rounded activations of each half of a block, then of the block; filled when asked for. */
    int[] sums = new int[0];
    /**
     * [rows][blocks]: what a lane's two halves begin with when eight is subtracted from every nibble they will meet: minus
     * eight times the activations of either half; filled when asked for.
     */
    int[] starts = new int[0];
    /** [rows][blocks][2 groups]: the same for six bits: minus 32 times the activations of a group of 16; filled when asked for. */
    int[] sixStarts = new int[0];
    /** {@code [tiles of 8 rows][columns][8]}: the integers as floats; this and the next two for many rows only. */
    float[] tiles = new float[0];
    /** {@code [tiles][blocks][8]}: scales. */
    float[] tileScales = new float[0];
    /** {@code [tiles][blocks][3][8]}: sums as floats, negated; filled when asked for. */
    float[] tileSums = new float[0];
    /** {@code [tiles][blocks][11][8]}: for {@link WideProducts} with Q8_0; filled when asked for. */
    long[] wideInt8s = new long[0];
    /** {@code [tiles][blocks][8][8]}: for {@link WideProducts} with Q4_0; filled when asked for. */
    long[] wideNibbles = new long[0];
    private final byte[][] bytes;   // [workers][columns]
    private boolean wantsIntegers;
    private boolean wantsPairs;
    private boolean wantsWideInt8s;
    private boolean wantsWideNibbles;
    private boolean wantsSums;
    private boolean wantsStarts;
    private boolean wantsNibbles;
    private boolean wantsBytes;
    private boolean wantsSixes;
    private int columns;
    private Tensor in;

    RoundedRows(final int workers) {
        bytes = new byte[workers][0];
    }

    /**
     * Makes room for the activations that some matrices meet, in the forms that their kernels will read.
     *
     * @param asFloats whether they are read as floats
     * @param widely whether formats and rows that {@link WideProducts} serve are left to them
     */
    void begin(final Tensor in, final int rows, final PackedMatrix[] weights, final boolean asFloats, final boolean widely) {
        this.in = in;
        columns = weights[0].columns();
        want(rows, weights, asFloats, widely);
        final int blocks = scaleStride();
        if (wantsPairs && pairs.length < rows * blocks * BLOCK_PAIRS) {
            pairs = new float[rows * blocks * BLOCK_PAIRS];
        }
        if (wantsNibbles && nibblePairs.length < rows * blocks * BLOCK_PAIRS) {
            nibblePairs = new float[rows * blocks * BLOCK_PAIRS];
        }
        if (wantsBytes && bytePairs.length < rows * blocks * BLOCK_BYTE_PAIRS) {
            bytePairs = new float[rows * blocks * BLOCK_BYTE_PAIRS];
        }
        if (wantsSixes && sixStarts.length < rows * blocks * 2) {
            sixStarts = new int[rows * blocks * 2];
        }
        if (scales.length < rows * blocks) {
            scales = new float[rows * blocks];
            sums = new int[rows * blocks * BLOCK_SUMS];
            starts = new int[rows * blocks];
        }
        reserveTiles(Math.ceilDiv(rows, TILE_ROWS) * TILE_ROWS, blocks);
        for (int worker = 0; worker < bytes.length; worker++) {
            if (bytes[worker].length < columns) {
                bytes[worker] = new byte[columns];
            }
        }
    }

    private void want(final int rows, final PackedMatrix[] weights, final boolean asFloats, final boolean widely) {
        wantsIntegers = false;
        wantsPairs = false;
        wantsSums = false;
        wantsStarts = false;
        wantsNibbles = false;
        wantsBytes = false;
        wantsSixes = false;
        wantsWideInt8s = false;
        wantsWideNibbles = false;
        for (final PackedMatrix matrix : weights) {
            final DType dtype = matrix.dtype();
            if (!dtype.isInteger()) {
                continue;
            }
            wantsSums |= dtype.hasMinimum();
            if (widely && WideProducts.serve(dtype, rows)) {
                wantsWideInt8s |= dtype == DType.Q8_0;
                wantsWideNibbles |= dtype == DType.Q4_0;
            } else if (asFloats) {
                wantsIntegers = true;
            } else {
                wantsPairs = true;
                wantsStarts |= dtype == DType.Q4_0;
                wantsSixes |= dtype == DType.Q6_K;
                wantsBytes |= wantsSixes || rows > 1 && dtype == DType.Q8_0;
                wantsNibbles |= IntegerTile.isNibbles(dtype);
            }
        }
    }

    private void reserveTiles(final int padded, final int blocks) {
        final boolean wantsTiles = wantsIntegers || wantsWideInt8s || wantsWideNibbles;
        if (wantsTiles && tileScales.length < padded * blocks) {
            tileScales = new float[padded * blocks];
            tileSums = new float[padded * blocks * BLOCK_SUMS];
        }
        if (wantsIntegers && tiles.length < padded * columns) {
            tiles = new float[Math.multiplyExact(padded, columns)];
        }
        if (wantsWideInt8s && wideInt8s.length < padded * blocks * WideProducts.INT8_STEPS) {
            wideInt8s = new long[Math.multiplyExact(padded, blocks * WideProducts.INT8_STEPS)];
        }
        if (wantsWideNibbles && wideNibbles.length < padded * blocks * WideProducts.NIBBLE_STEPS) {
            wideNibbles = new long[Math.multiplyExact(padded, blocks * WideProducts.NIBBLE_STEPS)];
        }
    }

    /** @return columns of a row */
    int columns() {
        return columns;
    }

    /** @return pairs of a row */
    int pairStride() {
        return columns / 2;
    }

    /** @return scales of a row */
    int scaleStride() {
        return columns / ActivationRounding.BLOCK;
    }

    /** @return sums of a row */
    int sumStride() {
        return scaleStride() * BLOCK_SUMS;
    }

    /** Forgets the operand, so that nothing keeps it alive. */
    void end() {
        in = null;
    }

    /** Rounds rows from, inclusive, to to, exclusive. */
    void fill(final int from, final int to, final int worker) {
        for (int row = from; row < to; row++) {
            fillRow(row, bytes[worker]);
        }
    }

    private void fillRow(final int row, final byte[] rounded) {
        final int at = row * in.width();
        for (int block = 0; block < scaleStride(); block++) {
            final int from = at + block * ActivationRounding.BLOCK;
            final int bits = RoundKernels.greatestBits(in.values(), from);
            final float greatest = Float.intBitsToFloat(bits);
            scales[row * scaleStride() + block] = ActivationRounding.scale(greatest);
            final float inverse = ActivationRounding.inverse(greatest);
            if (RoundKernels.isOrdinary(bits)) {
                RoundKernels.round(in.values(), from, inverse, rounded, block * ActivationRounding.BLOCK);
            } else {
                roundPlainly(from, inverse, rounded, block * ActivationRounding.BLOCK);
            }
        }
        if (wantsPairs) {
            RoundKernels.pairs(rounded, scaleStride(), pairs, row * pairStride());
        }
        if (wantsBytes) {
            RoundKernels.bytePairs(pairs, row * pairStride(), scaleStride(), bytePairs, row * scaleStride() * BLOCK_BYTE_PAIRS);
        }
        if (wantsSixes) {
            RoundKernels.sixStarts(pairs, row * pairStride(), scaleStride(), sixStarts, row * scaleStride() * 2);
        }
        if (wantsNibbles) {
            RoundKernels.nibblePairs(pairs, row * pairStride(), scaleStride(), nibblePairs, row * pairStride());
        }
        if (wantsSums) {
            RoundKernels.sums(rounded, scaleStride(), sums, row * sumStride());
        }
        if (wantsStarts) {
            RoundKernels.starts(pairs, row * pairStride(), scaleStride(), starts, row * scaleStride());
        }
        if (wantsIntegers || wantsWideInt8s || wantsWideNibbles) {
            tile(row, rounded);
        }
    }

    /** Lays a row into its tile. */
    private void tile(final int row, final byte[] rounded) {
        final int lane = row % TILE_ROWS;
        final int first = row - lane;
        if (wantsIntegers) {
            RoundKernels.spread(rounded, columns, tiles, first * columns + lane);
        }
        if (wantsWideInt8s) {
            wideInt8s(rounded, first, lane);
        }
        if (wantsWideNibbles) {
            wideNibbles(rounded, first, lane);
        }
        for (int block = 0; block < scaleStride(); block++) {
            tileScales[first * scaleStride() + block * TILE_ROWS + lane] = scales[row * scaleStride() + block];
        }
        for (int i = 0; wantsSums && i < sumStride(); i++) {
            tileSums[first * sumStride() + i * TILE_ROWS + lane] = -(float) sums[row * sumStride() + i];
        }
    }

    private void wideInt8s(final byte[] rounded, final int first, final int lane) {
        final int to = first * scaleStride() * WideProducts.INT8_STEPS + lane;
        for (int block = 0; block < scaleStride(); block++) {
            WideProducts.int8s(rounded, block * ActivationRounding.BLOCK, wideInt8s, to + block * WideProducts.INT8_STEPS * TILE_ROWS, TILE_ROWS);
        }
    }

    private void wideNibbles(final byte[] rounded, final int first, final int lane) {
        final int to = first * scaleStride() * WideProducts.NIBBLE_STEPS + lane;
        for (int block = 0; block < scaleStride(); block++) {
            WideProducts.nibbles(rounded, block * ActivationRounding.BLOCK, wideNibbles, to + block * WideProducts.NIBBLE_STEPS * TILE_ROWS, TILE_ROWS);
        }
    }

    /** Numbers whose inverse overflows, infinities and NaN: as the specification has it, one by one. */
    private void roundPlainly(final int from, final float inverse, final byte[] rounded, final int to) {
        for (int i = 0; i < ActivationRounding.BLOCK; i++) {
            rounded[to + i] = ActivationRounding.round(in.values()[from + i], inverse);
        }
    }
}
