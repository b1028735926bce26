package io.spillway.node.compute;

/**
 * How activations are rounded to eight bits before they meet integer weights: 32 at a time, so that the largest becomes
 * ±127. The same rounding as Q8_0's, with the scale kept as a float. Every kernel computes exactly this.
 */
public final class ActivationRounding {
    /** Activations that share a scale. */
    public static final int BLOCK = 32;
    /** The largest rounded activation. */
    public static final float LIMIT = 127f;
    /** Adding and subtracting this rounds to the nearest integer, ties to even. */
    public static final float ROUND = Exp.ROUND;

    private ActivationRounding() {
    }

    /** @return what rounded activations are multiplied by, for a block whose greatest magnitude is {@code greatest} */
    public static float scale(final float greatest) {
        return greatest / LIMIT;
    }

    /** @return what activations are multiplied by before they are rounded; 0 for a block of zeros */
    public static float inverse(final float greatest) {
        return greatest == 0f ? 0f : LIMIT / greatest;
    }

    /** @return the nearest integer to {@code x · inverse}, −127 to 127 */
    public static byte round(final float x, final float inverse) {
        return (byte) (x * inverse + ROUND - ROUND);
    }

    /**
     * Rounds one row.
     *
     * @param columns a multiple of 32
     * @param rounded out, {@code [columns]}
     * @param scales  out, {@code [columns / 32]}
     */
    public static void roundRow(final float[] x, final int at, final int columns, final byte[] rounded, final float[] scales) {
        for (int block = 0; block < columns / BLOCK; block++) {
            float greatest = 0;
            for (int i = block * BLOCK; i < (block + 1) * BLOCK; i++) {
                greatest = Math.max(greatest, Math.abs(x[at + i]));
            }
            scales[block] = scale(greatest);
            final float inverse = inverse(greatest);
            for (int i = block * BLOCK; i < (block + 1) * BLOCK; i++) {
                rounded[i] = round(x[at + i], inverse);
            }
        }
    }
}
