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
    private static final int BLOCK_BYTES = 544;
    private static final int NUMBER_BYTES = 512;

    private Matrices() {
    }

    static PackedMatrix random(final Random random, final DType dtype, final int rows, final int columns) {
        final byte[] bytes = new byte[(int) PackedMatrix.sizeBytes(dtype, rows, columns)];
        random.nextBytes(bytes);
        final MemorySegment segment = Arena.ofAuto().allocate(bytes.length, 64).copyFrom(MemorySegment.ofArray(bytes));
        for (int at = 0; at < bytes.length; at += 2) {
            final boolean isScale = dtype == DType.Q8_0 && at % BLOCK_BYTES >= NUMBER_BYTES;
            if (dtype != DType.Q8_0 || isScale) {
                final float value = (float) random.nextGaussian() * (random.nextInt(8) == 0 ? 1e-6f : 0.1f);
                segment.set(ValueLayout.JAVA_SHORT, at, dtype == DType.BF16 ? Half.bf16FromFloat(value) : Half.fromFloat(value));
            }
        }
        return new PackedMatrix(dtype, rows, columns, segment);
    }
}
