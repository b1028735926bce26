package io.spillway.node.stored;

import io.spillway.modelfile.TensorType;
import io.spillway.node.compute.Half;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Floats of 32 or 16 bits, rounded to the nearest. Stateless. */
enum FloatEncoder implements RowEncoder {
    F32(TensorType.F32) {
        @Override
        void put(final float value, final MemorySegment target, final long at) {
            target.set(FLOAT, at, value);
        }
    },
    F16(TensorType.F16) {
        @Override
        void put(final float value, final MemorySegment target, final long at) {
            target.set(SHORT, at, Half.fromFloat(value));
        }
    },
    BF16(TensorType.BF16) {
        @Override
        void put(final float value, final MemorySegment target, final long at) {
            target.set(SHORT, at, Half.bf16FromFloat(value));
        }
    };

    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final TensorType type;

    FloatEncoder(final TensorType type) {
        this.type = type;
    }

    abstract void put(float value, MemorySegment target, long at);

    @Override
    public TensorType type() {
        return type;
    }

    @Override
    public void encode(final float[] row, final MemorySegment target, final long at) {
        for (int i = 0; i < row.length; i++) {
            put(row[i], target, at + type.bytesOf(i));
        }
    }
}
