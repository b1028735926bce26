package io.spillway.node.cuda;

import io.spillway.node.compute.DType;
import io.spillway.node.compute.Half;
import io.spillway.node.compute.PackedMatrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;

/** Packed matrices of random numbers, of every format. */
final class Matrices {
    private Matrices() {
    }

    /** Where a block of a format holds scales and minima rather than integers. */
    private record Scales(DType type, int from, int to) {
        static Scales of(final DType dtype) {
            return switch (dtype) {
                case F32, F16, BF16 -> new Scales(dtype, 0, dtype.panelBlockBytes());
                case F8 -> new Scales(DType.F32, 512, 576);
                case Q8_0 -> new Scales(DType.F16, 512, 544);
                case Q4_0 -> new Scales(DType.F16, 256, 288);
                case Q4_K -> new Scales(DType.F16, 0, 64);
                case Q4_M -> new Scales(DType.F32, 256, 384);
                case Q8_G -> new Scales(DType.F32, 512, 640);
                case Q8_M -> new Scales(DType.F32, 512, 768);
                case Q6_K -> new Scales(DType.F16, 0, 32);
            };
        }
    }

    static PackedMatrix random(final Random random, final DType dtype, final int rows, final int columns) {
        final byte[] bytes = new byte[(int) PackedMatrix.sizeBytes(dtype, rows, columns)];
        random.nextBytes(bytes);
        final MemorySegment segment = Arena.ofAuto().allocate(bytes.length, 64).copyFrom(MemorySegment.ofArray(bytes));
        final Scales scales = Scales.of(dtype);
        final int step = scales.type == DType.F32 ? Float.BYTES : Short.BYTES;
        for (int at = 0; at < bytes.length; at += step) {
            final int place = at % dtype.panelBlockBytes();
            if (place >= scales.from && place < scales.to) {
                final float value = (float) random.nextGaussian() * (random.nextInt(8) == 0 ? 1e-6f : 0.1f);
                switch (scales.type) {
                    case F32 -> segment.set(ValueLayout.JAVA_FLOAT, at, value);
                    case BF16 -> segment.set(ValueLayout.JAVA_SHORT, at, Half.bf16FromFloat(value));
                    default -> segment.set(ValueLayout.JAVA_SHORT, at, Half.fromFloat(value));
                }
            }
        }
        return new PackedMatrix(dtype, rows, columns, segment);
    }
}
