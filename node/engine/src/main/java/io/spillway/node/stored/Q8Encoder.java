package io.spillway.node.stored;

import io.spillway.modelfile.TensorType;
import io.spillway.node.compute.Half;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Q8_0: the largest of 32 becomes ±127. The integers are the nearest to the numbers as the rounded scale will read them. */
final class Q8Encoder implements RowEncoder {
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int COLUMNS = 32;
    private static final int LIMIT = 127;
    private static final float HALF_MAX = 65504f;

    @Override
    public TensorType type() {
        return TensorType.Q8_0;
    }

    @Override
    public void encode(final float[] row, final MemorySegment target, final long at) {
        for (int from = 0; from < row.length; from += COLUMNS) {
            float greatest = 0;
            for (int i = from; i < from + COLUMNS; i++) {
                greatest = Math.max(greatest, Math.abs(row[i]));
            }
            final short half = Half.fromFloat(Math.min(greatest / LIMIT, HALF_MAX));
            final float scale = Half.toFloat(half);
            final long block = at + TensorType.Q8_0.bytesOf(from);
            target.set(SHORT, block, half);
            for (int i = 0; i < COLUMNS; i++) {
                final int q = scale == 0 ? 0 : Math.clamp(Math.round(row[from + i] / scale), -LIMIT, LIMIT);
                target.set(ValueLayout.JAVA_BYTE, block + Short.BYTES + i, (byte) q);
            }
        }
    }
}
