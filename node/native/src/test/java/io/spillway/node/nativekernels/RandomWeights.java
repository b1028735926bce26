package io.spillway.node.nativekernels;

import io.spillway.node.compute.DType;
import io.spillway.node.compute.Half;
import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.compute.Slab;
import io.spillway.node.compute.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;

/** Matrices and activations of any numbers the formats can hold, extremes included. */
final class RandomWeights {
    private RandomWeights() {
    }

    /** @return a matrix whose padding holds ordinary numbers too: nothing may depend on them */
    static PackedMatrix matrix(final Random random, final DType dtype, final int rows, final int columns, final Slab slab) {
        final MemorySegment bytes = slab.segment();
        final long size = PackedMatrix.sizeBytes(dtype, rows, columns);
        for (long at = 0; at < size; at++) {
            bytes.set(ValueLayout.JAVA_BYTE, at, (byte) (random.nextInt(16) == 0 ? 0x80 : random.nextInt()));
        }
        for (long block = 0; block < size; block += dtype.panelBlockBytes()) {
            scales(random, dtype, bytes.asSlice(block, dtype.panelBlockBytes()));
        }
        return new PackedMatrix(dtype, rows, columns, bytes);
    }

    private static void scales(final Random random, final DType dtype, final MemorySegment block) {
        switch (dtype) {
            case F32 -> floats(random, block, 0, 16);
            case F16 -> halves(random, block, 0, 16);
            case BF16 -> {
                for (int i = 0; i < 16; i++) {
                    block.set(ValueLayout.JAVA_SHORT_UNALIGNED, i * 2L, Half.bf16FromFloat(number(random)));
                }
            }
            case F8 -> floats(random, block, 512, 16);
            case Q8_0 -> halves(random, block, 512, 16);
            case Q4_0 -> halves(random, block, 256, 16);
            case Q4_K -> halves(random, block, 0, 32);
            case Q4_M -> floats(random, block, 256, 32);
            case Q8_G -> floats(random, block, 512, 32);
            case Q8_M -> floats(random, block, 512, 64);
            case Q6_K -> halves(random, block, 0, 16);
        }
    }

    private static void floats(final Random random, final MemorySegment block, final int from, final int count) {
        for (int i = 0; i < count; i++) {
            block.set(ValueLayout.JAVA_FLOAT_UNALIGNED, from + i * 4L, number(random));
        }
    }

    private static void halves(final Random random, final MemorySegment block, final int from, final int count) {
        for (int i = 0; i < count; i++) {
            block.set(ValueLayout.JAVA_SHORT_UNALIGNED, from + i * 2L, Float.floatToFloat16(number(random)));
        }
    }

    /** Ordinary, tiny (a subnormal half), or zero of either sign. */
    private static float number(final Random random) {
        return switch (random.nextInt(10)) {
            case 0 -> (float) random.nextGaussian() * 1e-7f;
            case 1 -> random.nextBoolean() ? 0f : -0f;
            default -> (float) random.nextGaussian() * 0.1f;
        };
    }

    /** @return rows of activations: ordinary blocks, blocks of zeros, blocks with one giant, tiny ones */
    static Tensor activations(final Random random, final int rows, final int width) {
        final Tensor tensor = Tensor.ofRows(rows, width);
        for (int at = 0; at < tensor.values().length; at += 32) {
            final float spread = switch (random.nextInt(12)) {
                case 0 -> 0f;
                case 1 -> 1e-20f;
                case 2 -> 1e-39f;
                default -> 1f;
            };
            for (int i = at; i < Math.min(at + 32, tensor.values().length); i++) {
                tensor.values()[i] = (float) random.nextGaussian() * spread * (random.nextInt(200) == 0 ? 300 : 1);
            }
        }
        return tensor;
    }
}
