package io.spillway.node.compute;

/**
 * The exponential that every kernel computes, in a fixed sequence of single-precision operations: x = n·ln 2 + r, a
 * polynomial of degree 6 in r, times 2^n. Error under 2 units in the last place; inputs are clamped to ±87.
 */
public final class Exp {
    public static final float LIMIT = 87f;
    public static final float LOG2_E = 1.44269504f;
    /** Adding and subtracting this rounds to an integer, whose low bits stand in the mantissa meanwhile. */
    public static final float ROUND = 12582912f; // 1.5 · 2^23
    public static final int ROUND_BITS = Float.floatToRawIntBits(ROUND);
    public static final float LN2_HIGH = 0.693359375f;
    public static final float LN2_LOW = -2.12194440e-4f;
    public static final float C6 = 1f / 720;
    public static final float C5 = 1f / 120;
    public static final float C4 = 1f / 24;
    public static final float C3 = 1f / 6;
    public static final float C2 = 0.5f;
    public static final int EXPONENT_BIAS = 127;
    public static final int MANTISSA_BITS = 23;

    private Exp() {
    }

    /** @return e^x for x clamped to [−87, 87] */
    public static float of(final float x) {
        final float clamped = Math.min(Math.max(x, -LIMIT), LIMIT);
        final float shifted = clamped * LOG2_E + ROUND;
        final float n = shifted - ROUND;
        final float r = Math.fma(n, -LN2_LOW, Math.fma(n, -LN2_HIGH, clamped));
        float p = Math.fma(r, C6, C5);
        p = Math.fma(p, r, C4);
        p = Math.fma(p, r, C3);
        p = Math.fma(p, r, C2);
        p = Math.fma(p, r, 1f);
        p = Math.fma(p, r, 1f);
        final int exponent = Float.floatToRawIntBits(shifted) - ROUND_BITS + EXPONENT_BIAS;
        return p * Float.intBitsToFloat(exponent << MANTISSA_BITS);
    }

    /** @return tanh x = 1 − 2 / (e^2x + 1) */
    public static float tanh(final float x) {
        return 1f - 2f / (of(2f * x) + 1f);
    }
}
