package io.spillway.node.stored;

import io.spillway.modelfile.TensorType;
import io.spillway.node.compute.Half;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Q4_0: integers from −8 to 7 times one scale. Of several first guesses at the scale, each improved once by the line through its
 * own integers, the one of the least squared error is kept.
 */
final class Q4Encoder implements RowEncoder {
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int COLUMNS = 32;
    private static final int OFFSET = 8;
    private static final int HIGHEST = 7;
    /** What the outermost number becomes, in steps of a tenth around ±8. */
    private static final int GUESS_LEAST = 70;
    private static final int GUESS_GREATEST = 90;
    private static final int GUESS_STEP = 2;
    private static final float GUESSES_PER_UNIT = 10;
    private static final float HALF_MAX = 65504f;

    private float scale;
    private float error;

    @Override
    public TensorType type() {
        return TensorType.Q4_0;
    }

    @Override
    public void encode(final float[] row, final MemorySegment target, final long at) {
        for (int from = 0; from < row.length; from += COLUMNS) {
            fit(row, from);
            final long block = at + TensorType.Q4_0.bytesOf(from);
            target.set(SHORT, block, Half.fromFloat(scale));
            for (int i = 0; i < COLUMNS / 2; i++) {
                final int low = number(row[from + i], scale) + OFFSET;
                final int high = number(row[from + COLUMNS / 2 + i], scale) + OFFSET;
                target.set(ValueLayout.JAVA_BYTE, block + Short.BYTES + i, (byte) (low | high << 4));
            }
        }
    }

    private void fit(final float[] row, final int from) {
        float outermost = 0;
        for (int i = from; i < from + COLUMNS; i++) {
            outermost = Math.abs(row[i]) > Math.abs(outermost) ? row[i] : outermost;
        }
        scale = 0;
        error = Float.POSITIVE_INFINITY;
        for (int guess = GUESS_LEAST; guess <= GUESS_GREATEST; guess += GUESS_STEP) {
            for (int sign = -1; sign <= 1; sign += 2) {
                final float first = sign * outermost / (guess / GUESSES_PER_UNIT);
                consider(row, from, first);
                consider(row, from, line(row, from, first));
            }
        }
    }

    /** @return the scale of the least squared error for the integers that {@code guess} gives */
    private static float line(final float[] row, final int from, final float guess) {
        float products = 0;
        float squares = 0;
        for (int i = from; i < from + COLUMNS; i++) {
            final int q = number(row[i], guess);
            products += row[i] * q;
            squares += q * q;
        }
        return squares == 0 ? guess : products / squares;
    }

    private void consider(final float[] row, final int from, final float exact) {
        final float rounded = Half.toFloat(Half.fromFloat(Math.clamp(exact, -HALF_MAX, HALF_MAX)));
        float squares = 0;
        for (int i = from; i < from + COLUMNS; i++) {
            final float off = row[i] - rounded * number(row[i], rounded);
            squares += off * off;
        }
        if (squares < error) {
            error = squares;
            scale = rounded == 0 ? 0 : rounded; // no negative zero
        }
    }

    private static int number(final float value, final float scale) {
        return scale == 0 ? 0 : Math.clamp(Math.round(value / scale), -OFFSET, HIGHEST);
    }
}
