package io.spillway.node.cpu;

import io.spillway.node.compute.ActivationRounding;
import io.spillway.node.compute.Tensor;

/**
 * Activations of a section, rounded to integers as {@link ActivationRounding} says, in the forms that integer kernels read.
 * Grown by the engine thread; rows are filled by any worker and then only read.
 */
final class RoundedRows {
    /** Columns of the least group that shares a sum. */
    static final int SUM_COLUMNS = 16;
    /** Pairs of a block of 32 columns: first 8 of even columns, then 8 of odd ones. */
    static final int BLOCK_PAIRS = ActivationRounding.BLOCK / 2;

    /**
     * {@code [rows][blocks][2][8]}: of four neighbouring columns a b c d, the even pair holds (a, c) and the odd pair (b, d),
     * as two signed halves of an int.
     */
    int[] pairs = new int[0];
    /** [rows][columns / 32]: what a rounded activation is multiplied by. */
    float[] scales = new float[0];
    /** [rows][columns / 16]: sums of rounded activations. */
    int[] sums = new int[0];
    /** [rows][columns]: the integers as floats; filled only when asked for. */
    float[] integers = new float[0];
    private final byte[][] bytes;   // [workers][columns]
    private boolean wantsIntegers;
    private int columns;
    private Tensor in;

    RoundedRows(final int workers) {
        bytes = new byte[workers][0];
    }

    /** Makes room. @param wantsIntegers whether kernels of many rows will read {@link #integers} */
    void begin(final Tensor in, final int rows, final int columns, final boolean wantsIntegers) {
        this.in = in;
        this.columns = columns;
        this.wantsIntegers = wantsIntegers;
        final int blocks = columns / ActivationRounding.BLOCK;
        if (pairs.length < rows * blocks * BLOCK_PAIRS) {
            pairs = new int[Math.multiplyExact(rows, blocks * BLOCK_PAIRS)];
        }
        if (scales.length < rows * blocks) {
            scales = new float[rows * blocks];
            sums = new int[rows * blocks * 2];
        }
        if (wantsIntegers && integers.length < rows * columns) {
            integers = new float[Math.multiplyExact(rows, columns)];
        }
        for (int worker = 0; worker < bytes.length; worker++) {
            if (bytes[worker].length < columns) {
                bytes[worker] = new byte[columns];
            }
        }
    }

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
        return columns / SUM_COLUMNS;
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
        RoundKernels.sums(rounded, columns, sums, row * sumStride());
        RoundKernels.pairs(rounded, scaleStride(), pairs, row * pairStride());
        if (wantsIntegers) {
            RoundKernels.floats(rounded, columns, integers, row * columns);
        }
    }

    /** Numbers whose inverse overflows, infinities and NaN: as the specification has it, one by one. */
    private void roundPlainly(final int from, final float inverse, final byte[] rounded, final int to) {
        for (int i = 0; i < ActivationRounding.BLOCK; i++) {
            rounded[to + i] = ActivationRounding.round(in.values()[from + i], inverse);
        }
    }
}
