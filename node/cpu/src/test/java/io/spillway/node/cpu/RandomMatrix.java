package io.spillway.node.cpu;

import io.spillway.node.compute.DType;
import io.spillway.node.compute.Half;
import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.compute.Slab;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Random;

/** Packed matrices of any format, filled with every integer and with scales of ordinary size, tiny and negative ones among them. */
final class RandomMatrix {
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int PANEL = DType.PANEL_ROWS;

    private RandomMatrix() {
    }

    /** @param slab holds the matrix; at least {@link PackedMatrix#sizeBytes} long */
    static PackedMatrix fill(final Random random, final Slab slab, final DType dtype, final int rows, final int columns) {
        final PackedMatrix matrix = new PackedMatrix(dtype, rows, columns, slab.segment());
        final byte[] bytes = new byte[Math.toIntExact(PackedMatrix.sizeBytes(dtype, rows, columns))];
        random.nextBytes(bytes);
        MemorySegment.copy(MemorySegment.ofArray(bytes), 0, matrix.bytes(), 0, bytes.length);
        for (int at = 0; at < bytes.length; at += dtype.panelBlockBytes()) {
            block(random, dtype, matrix.bytes(), at);
        }
        return matrix;
    }

    private static void block(final Random random, final DType dtype, final MemorySegment bytes, final long at) {
        switch (dtype) {
            case F32 -> floats(random, bytes, at, PANEL);
            case F16 -> halves(random, bytes, at, PANEL);
            case BF16 -> {
                for (int i = 0; i < PANEL; i++) {
                    bytes.set(SHORT, at + i * 2L, Half.bf16FromFloat(ordinary(random)));
                }
            }
            case F8 -> {
                for (int i = 0; i < 32 * PANEL; i++) {
                    if ((bytes.get(ValueLayout.JAVA_BYTE, at + i) & 0x7F) == 0x7F) {
                        bytes.set(ValueLayout.JAVA_BYTE, at + i, (byte) 0x7E);
                    }
                }
                floats(random, bytes, at + 32 * PANEL, PANEL);
            }
            case Q8_0 -> halves(random, bytes, at + 512, PANEL);
            case Q4_0 -> halves(random, bytes, at + 256, PANEL);
            case Q4_K -> halves(random, bytes, at, 2 * PANEL);
            case Q4_M -> floats(random, bytes, at + 256, 2 * PANEL);
            case Q8_G -> floats(random, bytes, at + 512, 2 * PANEL);
            case Q8_M -> floats(random, bytes, at + 512, 4 * PANEL);
            case Q6_K -> halves(random, bytes, at, PANEL);
        }
    }

    private static void floats(final Random random, final MemorySegment bytes, final long at, final int count) {
        for (int i = 0; i < count; i++) {
            bytes.set(FLOAT, at + i * 4L, ordinary(random));
        }
    }

    private static void halves(final Random random, final MemorySegment bytes, final long at, final int count) {
        for (int i = 0; i < count; i++) {
            bytes.set(SHORT, at + i * 2L, Float.floatToFloat16(ordinary(random)));
        }
    }

    private static float ordinary(final Random random) {
        return (float) random.nextGaussian() * (random.nextInt(8) == 0 ? 1e-6f : 0.1f);
    }
}
