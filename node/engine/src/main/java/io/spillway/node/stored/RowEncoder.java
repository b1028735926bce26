package io.spillway.node.stored;

import io.spillway.modelfile.TensorType;
import java.lang.foreign.MemorySegment;

/** The way back: rows of floats to stored blocks. An encoder has scratch memory of its own and belongs to one thread. */
public interface RowEncoder {
    /** @return what it writes */
    TensorType type();

    /**
     * @param row    finite numbers; a whole number of {@link #type()}'s blocks
     * @param target gets {@code type().bytesOf(row.length)} bytes from {@code at} on
     */
    void encode(float[] row, MemorySegment target, long at);

    /** @return an encoder of that type: F32, F16, BF16, Q8_0, Q4_0 or Q4_K */
    static RowEncoder of(final TensorType type) {
        return switch (type) {
            case F32 -> FloatEncoder.F32;
            case F16 -> FloatEncoder.F16;
            case BF16 -> FloatEncoder.BF16;
            case Q4_0 -> new Q4Encoder();
            case Q8_0 -> new Q8Encoder();
            case Q4_K -> new Q4KEncoder();
            default -> throw new IllegalArgumentException("no encoder writes " + type);
        };
    }
}
