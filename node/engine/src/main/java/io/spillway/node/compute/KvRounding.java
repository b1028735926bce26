package io.spillway.node.compute;

/** How a token's keys or values of one head become quantised numbers. Every kernel computes exactly this. Stateless. */
public final class KvRounding {
    /** The greatest e4m3 number. */
    public static final float F8_LIMIT = 448f;
    /** The greatest eight-bit integer in use. */
    public static final float I8_LIMIT = 127f;
    /** The greatest four-bit integer. */
    public static final float I4_LIMIT = 15f;
    /** A head whose numbers are all smaller than this is stored as zeros: the inverse of its scale could overflow. */
    public static final float SMALLEST = 0x1p-100f;

    private KvRounding() {
    }

    /** @return the greatest magnitude of {@code count} numbers */
    public static float greatest(final float[] x, final int from, final int count) {
        float greatest = 0;
        for (int i = from; i < from + count; i++) {
            greatest = Math.max(greatest, Math.abs(x[i]));
        }
        return greatest;
    }

    /** @return the smallest of {@code count} numbers */
    public static float least(final float[] x, final int from, final int count) {
        float least = Float.POSITIVE_INFINITY;
        for (int i = from; i < from + count; i++) {
            least = Math.min(least, x[i]);
        }
        return least;
    }

    /** @return the largest of {@code count} numbers */
    public static float most(final float[] x, final int from, final int count) {
        float most = Float.NEGATIVE_INFINITY;
        for (int i = from; i < from + count; i++) {
            most = Math.max(most, x[i]);
        }
        return most;
    }

    /** @return what F8 and I8 numbers are multiplied by before they are rounded; the scale is {@code greatest / limit} */
    public static float inverse(final float greatest, final float limit) {
        return greatest < SMALLEST ? 0f : limit / greatest;
    }

    /** @return the nearest integer, ties to even; {@code scaled} lies within ±127 */
    public static byte roundI8(final float scaled) {
        return (byte) (scaled + Exp.ROUND - Exp.ROUND);
    }

    /** @return the stored minimum of I4: the smallest number as a half */
    public static short minimum(final float least) {
        return Half.fromFloat(least);
    }

    /** @return the stored scale of I4: fifteen steps reach from the stored minimum to the largest number, as a half */
    public static short scale(final float most, final short minimum) {
        return Half.fromFloat(Math.max(0f, most - Half.toFloat(minimum)) / I4_LIMIT);
    }

    /** @return what I4 numbers above the minimum are multiplied by before they are rounded */
    public static float inverse(final short scale) {
        final float value = Half.toFloat(scale);
        return value == 0f ? 0f : 1f / value;
    }

    /** @return the nearest integer to {@code (x − minimum) · inverse}, ties to even, kept within 0 and 15 */
    public static int roundI4(final float x, final float minimum, final float inverse) {
        final float scaled = (x - minimum) * inverse;
        return (int) (Math.min(Math.max(scaled, 0f), I4_LIMIT) + Exp.ROUND - Exp.ROUND);
    }
}
