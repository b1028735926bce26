package io.spillway.node.sampling;

/**
 * Arithmetic over a whole row of logits, written so that the compiler makes vector code of most of it.
 * Only additions, multiplications and fused ones in double, in an order that the code fixes: every machine gets the
 * same bits. Stateless.
 */
final class Softmax {
    /** A row is summed block by block; a block in {@link #LANES} sums that are then added pairwise. */
    static final int BLOCK_TOKENS = 256;

    private static final int LANES = 8;
    private static final double EXPONENT_MIN = -64;
    /** A little more than e^−64: what weighs less weighs nothing. Far below the last bit of any weight that counts. */
    private static final double FLOOR = 2e-28;
    private static final double SHRINK = 0x1p-10;

    private Softmax() {
    }

    /**
     * e^x for {@code x ≤ 0}, as (e^(x/1024))^1024: a polynomial and ten squarings, relative error below 10⁻¹¹, exactly 1
     * at 0, exactly 0 below −63.8.
     */
    static double exp(final double x) {
        final double y = Math.max(x, EXPONENT_MIN) * SHRINK;
        double p = Math.fma(y, 1.0 / 5040, 1.0 / 720);
        p = Math.fma(y, p, 1.0 / 120);
        p = Math.fma(y, p, 1.0 / 24);
        p = Math.fma(y, p, 1.0 / 6);
        p = Math.fma(y, p, 0.5);
        p = Math.fma(y, p, 1.0);
        p = Math.fma(y, p, 1.0);
        p = p * p;
        p = p * p;
        p = p * p;
        p = p * p;
        p = p * p;
        p = p * p;
        p = p * p;
        p = p * p;
        p = p * p;
        p = p * p;
        return Math.max(0.0, p - FLOOR);
    }

    /** {@code out[i] = e^(scale · levels[i])} for {@code i < count}; levels ≥ 0, scale ≤ 0. */
    static void weights(final double[] levels, final double scale, final double[] out, final int count) {
        for (int i = 0; i < count; i++) {
            out[i] = exp(levels[i] * scale);
        }
    }

    /** {@code out[i] = largest − logits[from + i]} for {@code i < count}. */
    static void levels(
        final float[] logits, final int from, final float largest, final double[] out, final int count) {
        final double top = largest;
        for (int i = 0; i < count; i++) {
            out[i] = top - logits[from + i];
        }
    }

    /** @return the sum of {@code numbers[from..to)}, at most a block of them */
    static double blockSum(final double[] numbers, final int from, final int to) {
        double s0 = 0;
        double s1 = 0;
        double s2 = 0;
        double s3 = 0;
        double s4 = 0;
        double s5 = 0;
        double s6 = 0;
        double s7 = 0;
        int i = from;
        for (; i + LANES <= to; i += LANES) {
            s0 += numbers[i];
            s1 += numbers[i + 1];
            s2 += numbers[i + 2];
            s3 += numbers[i + 3];
            s4 += numbers[i + 4];
            s5 += numbers[i + 5];
            s6 += numbers[i + 6];
            s7 += numbers[i + 7];
        }
        for (; i < to; i++) {
            s0 += numbers[i];
        }
        return ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7));
    }

    /** @return the sum of the first {@code count} numbers: of the sums of their blocks */
    static double sum(final double[] numbers, final int count) {
        double sum = 0;
        for (int from = 0; from < count; from += BLOCK_TOKENS) {
            sum += blockSum(numbers, from, Math.min(count, from + BLOCK_TOKENS));
        }
        return sum;
    }
}
