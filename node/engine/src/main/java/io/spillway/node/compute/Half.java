package io.spillway.node.compute;

/**
 * 16-bit floats to 32 bits and back, as every kernel does it.
 *
 * <p>{@link #toFloat} is exact for all finite halves. It has no case for infinity and NaN (which no weight or cache holds):
 * they read as numbers of 65536 and above, in every kernel alike.
 */
public final class Half {
    /** Exponent bias difference of the two formats as a factor: 2^112. */
    public static final float REBIAS = 0x1p112f;
    /** Clears what sign extension leaves between sign and exponent, after the shift by {@link #SHIFT}. */
    public static final int MASK = 0x8FFFE000;
    /** Difference in mantissa bits. */
    public static final int SHIFT = 13;

    private static final int BF16_SHIFT = 16;

    private static final int F8_SHIFT = 7;
    private static final float F8_REBIAS = 0x1p8f;
    private static final int F8_MAX = 0x7E;
    private static final int F8_MANTISSA_SHIFT = 20;
    /** What is left of a float's exponent and mantissa after the shift, above those of an e4m3 float. */
    private static final int F8_BIAS = 120 << 3;
    private static final float F8_LEAST_NORMAL = 0x1p-6f;
    private static final float F8_SUBNORMALS = 0x1p9f;

    private Half() {
    }

    /** @return the value of an IEEE half */
    public static float toFloat(final short half) {
        return Float.intBitsToFloat((half << SHIFT) & MASK) * REBIAS;
    }

    /** @return the nearest half, ties to even */
    public static short fromFloat(final float value) {
        return Float.floatToFloat16(value);
    }

    /** @return the value of a bfloat16 */
    public static float bf16ToFloat(final short value) {
        return Float.intBitsToFloat(value << BF16_SHIFT);
    }

    /** @return the nearest bfloat16, ties to even; NaN stays NaN */
    public static short bf16FromFloat(final float value) {
        final int bits = Float.floatToIntBits(value);
        if (Float.isNaN(value)) {
            return (short) (bits >>> BF16_SHIFT);
        }
        return (short) ((bits + 0x7FFF + ((bits >>> BF16_SHIFT) & 1)) >>> BF16_SHIFT);
    }

    /**
     * @return the value of an e4m3 float: its bits, moved, are a half 2^8 times too small. NaN (0x7F, 0xFF) has no case and
     *         reads as ±480: no weight or cache holds it
     */
    public static float f8ToFloat(final byte value) {
        return toFloat((short) ((value & 0x80) << 8 | (value & 0x7F) << F8_SHIFT)) * F8_REBIAS;
    }

    /** @return the nearest e4m3 float, ties to even; beyond ±448 it is ±448, and NaN too */
    public static byte f8FromFloat(final float value) {
        final int bits = Float.floatToRawIntBits(value);
        final float magnitude = Math.abs(value);
        final int code;
        if (magnitude < F8_LEAST_NORMAL) {
            code = (int) (magnitude * F8_SUBNORMALS + Exp.ROUND - Exp.ROUND);
        } else {
            final int rest = bits & Integer.MAX_VALUE;
            final int rounded = rest + (1 << F8_MANTISSA_SHIFT - 1) - 1 + (rest >>> F8_MANTISSA_SHIFT & 1);
            code = Math.min((rounded >>> F8_MANTISSA_SHIFT) - F8_BIAS, F8_MAX);
        }
        return (byte) (bits >>> 24 & 0x80 | code);
    }
}
