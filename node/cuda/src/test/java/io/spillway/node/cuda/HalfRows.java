package io.spillway.node.cuda;

import io.spillway.node.compute.DType;
import io.spillway.node.compute.Half;
import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.compute.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;

/** Rows of halves, as the device holds them. @param kind F16 or BF16 */
record HalfRows(DType kind, short[] bits, int width) {
    static HalfRows random(final Random random, final DType kind, final int rows, final int width, final float spread) {
        final short[] bits = new short[rows * width];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = fromFloat(kind, (float) random.nextGaussian() * spread);
        }
        return new HalfRows(kind, bits, width);
    }

    static DType kind(final Random random) {
        return random.nextBoolean() ? DType.F16 : DType.BF16;
    }

    static short fromFloat(final DType kind, final float value) {
        return kind == DType.BF16 ? Half.bf16FromFloat(value) : Half.fromFloat(value);
    }

    static float toFloat(final DType kind, final short bits) {
        return kind == DType.BF16 ? Half.bf16ToFloat(bits) : Float.float16ToFloat(bits);
    }

    int rows() {
        return bits.length / width;
    }

    MemorySegment segment() {
        return MemorySegment.ofArray(bits);
    }

    HalfRows row(final int row) {
        return part(row, 1);
    }

    HalfRows part(final int first, final int count) {
        return new HalfRows(kind, Arrays.copyOfRange(bits, first * width, (first + count) * width), width);
    }

    Tensor floats() {
        final Tensor tensor = Tensor.ofRows(rows(), width);
        for (int i = 0; i < bits.length; i++) {
            tensor.values()[i] = toFloat(kind, bits[i]);
        }
        return tensor;
    }

    /** The same numbers as the specification packs them. */
    PackedMatrix packed() {
        final MemorySegment segment = Arena.ofAuto().allocate(PackedMatrix.sizeBytes(kind, rows(), width), 64);
        for (int r = 0; r < rows(); r++) {
            for (int c = 0; c < width; c++) {
                segment.setAtIndex(ValueLayout.JAVA_SHORT, ((long) (r / DType.PANEL_ROWS) * width + c) * DType.PANEL_ROWS + r % DType.PANEL_ROWS,
                        bits[r * width + c]);
            }
        }
        return new PackedMatrix(kind, rows(), width, segment);
    }

    static float[] floats(final DType kind, final byte[] bytes) {
        final short[] bits = MemorySegment.ofArray(bytes).toArray(ValueLayout.JAVA_SHORT_UNALIGNED);
        final float[] values = new float[bits.length];
        for (int i = 0; i < bits.length; i++) {
            values[i] = toFloat(kind, bits[i]);
        }
        return values;
    }
}
