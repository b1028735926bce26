package io.spillway.node.cuda;

import io.spillway.node.compute.DType;
import io.spillway.node.compute.Half;
import io.spillway.node.compute.PackedMatrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;

/** Packed matrices of random numbers. */
final class Matrices {
    private static final int NUMBERS_BYTES = 512;
    private static final int NIBBLES_BYTES = 256;
    private static final int HEAD_BYTES = 32;

    private Matrices() {
    }

    static PackedMatrix random(final Random random, final DType dtype, final int rows, final int columns) {
        final byte[] bytes = new byte[(int) PackedMatrix.sizeBytes(dtype, rows, columns)];
        random.nextBytes(bytes);
        final MemorySegment segment = Arena.ofAuto().allocate(bytes.length, 64).copyFrom(MemorySegment.ofArray(bytes));
        final int blockBytes = dtype.panelBlockBytes();
        for (long block = 0; block < bytes.length; block += blockBytes) {
            switch (dtype) {
                case F16, BF16 -> halves(random, segment.asSlice(block, blockBytes), dtype);
                case Q8_0 -> halves(random, segment.asSlice(block + NUMBERS_BYTES, blockBytes - NUMBERS_BYTES), DType.F16);
                case Q4_0 -> halves(random, segment.asSlice(block + NIBBLES_BYTES, blockBytes - NIBBLES_BYTES), DType.F16);
                case Q4_K -> halves(random, segment.asSlice(block, 2 * HEAD_BYTES), DType.F16);
                case Q6_K -> halves(random, segment.asSlice(block, HEAD_BYTES), DType.F16);
                case Q4_M -> floats(random, segment.asSlice(block + NIBBLES_BYTES, blockBytes - NIBBLES_BYTES));
                case Q8_G, Q8_M -> floats(random, segment.asSlice(block + NUMBERS_BYTES, blockBytes - NUMBERS_BYTES));
                case F8 -> {
                    withoutNaNs(segment.asSlice(block, NUMBERS_BYTES));
                    floats(random, segment.asSlice(block + NUMBERS_BYTES, blockBytes - NUMBERS_BYTES));
                }
                case F32 -> floats(random, segment.asSlice(block, blockBytes));
            }
        }
        return new PackedMatrix(dtype, rows, columns, segment);
    }

    private static float number(final Random random) {
        return (float) random.nextGaussian() * (random.nextInt(8) == 0 ? 1e-6f : 0.1f);
    }

    private static void halves(final Random random, final MemorySegment into, final DType dtype) {
        for (long at = 0; at < into.byteSize(); at += Short.BYTES) {
            final float value = number(random);
            into.set(ValueLayout.JAVA_SHORT, at, dtype == DType.BF16 ? Half.bf16FromFloat(value) : Half.fromFloat(value));
        }
    }

    private static void floats(final Random random, final MemorySegment into) {
        for (long at = 0; at < into.byteSize(); at += Float.BYTES) {
            into.set(ValueLayout.JAVA_FLOAT, at, number(random));
        }
    }

    private static void withoutNaNs(final MemorySegment numbers) {
        for (long at = 0; at < numbers.byteSize(); at++) {
            final byte number = numbers.get(ValueLayout.JAVA_BYTE, at);
            if ((number & 0x7F) == 0x7F) {
                numbers.set(ValueLayout.JAVA_BYTE, at, (byte) (number - 1));
            }
        }
    }
}
