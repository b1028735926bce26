package io.spillway.node.stored;

import io.spillway.node.compute.Half;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** FP8 (e4m3) with one scale per row: the largest becomes ±448. Stateless. */
public final class F8Encoder {
    private static final float LIMIT = 448f;

    private F8Encoder() {
    }

    /**
     * @param row    finite numbers
     * @param target gets a byte per number from {@code at} on
     * @return the scale of the row
     */
    public static float encode(final float[] row, final MemorySegment target, final long at) {
        float greatest = 0;
        for (final float x : row) {
            greatest = Math.max(greatest, Math.abs(x));
        }
        final float scale = greatest == 0 ? 1 : Math.max(greatest / LIMIT, Float.MIN_NORMAL);
        for (int i = 0; i < row.length; i++) {
            target.set(ValueLayout.JAVA_BYTE, at + i, Half.f8FromFloat(row[i] / scale));
        }
        return scale;
    }
}
