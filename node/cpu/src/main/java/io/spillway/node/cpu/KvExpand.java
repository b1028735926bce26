package io.spillway.node.cpu;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.spillway.domain.kv.KvLayout;
import io.spillway.node.compute.Half;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** Stored keys and values of a block become F32 scratch, exactly and without their scales. Stateless. */
final class KvExpand {
    private static final VectorSpecies<Float> F = VectorWidth.FLOATS;
    private static final VectorSpecies<Integer> I = F.withLanes(int.class);
    private static final int LANES = F.length();
    /** As many bytes as a vector has floats; there is no vector of four bytes, so 128-bit machines go one by one. */
    private static final boolean VECTORS = LANES >= 8;
    private static final VectorSpecies<Byte> B =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, LANES * Byte.SIZE)));
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int F8_SHIFT = 20;
    private static final int F8_MASK = 0x87F00000;
    private static final float F8_REBIAS = 0x1p120f;

    private KvExpand() {
    }

    /** All keys of a block of one head: {@code to} becomes [headDim][blockTokens]. */
    static void keys(final MemorySegment slab, final long at, final KvLayout layout, final MemorySegment to) {
        final int tokens = layout.blockTokens();
        switch (layout.element()) {
            case I4 -> {
                for (int pair = 0; pair < layout.headDim() / 2; pair++) {
                    nibbles(slab, at + (long) pair * tokens, to, 2L * pair * tokens, tokens, tokens);
                }
            }
            default -> numbers(slab, at, layout, to, layout.headDim() * tokens);
        }
    }

    /** The values of a block's first {@code tokens} of one head: {@code to} becomes [tokens][headDim]. */
    static void values(final MemorySegment slab, final long at, final KvLayout layout, final MemorySegment to, final int tokens) {
        final int dims = layout.headDim();
        switch (layout.element()) {
            case I4 -> {
                for (int t = 0; t < tokens; t++) {
                    nibbles(slab, at + (long) t * (dims / 2), to, (long) t * dims, dims / 2, dims / 2);
                }
            }
            // In whole lanes: a block's tokens are a multiple of sixteen, so this never leaves the block.
            default -> numbers(slab, at, layout, to, Math.ceilDiv(tokens * dims, 16) * 16);
        }
    }

    private static void numbers(final MemorySegment slab, final long at, final KvLayout layout, final MemorySegment to, final int count) {
        switch (layout.element()) {
            case F16 -> ExpandKernels.halves(slab, at, to, 0, count);
            case BF16 -> ExpandKernels.brains(slab, at, to, 0, count);
            case F8 -> eights(slab, at, to, count);
            case I8 -> bytes(slab, at, to, count);
            default -> throw new IllegalStateException(layout.element() + " needs no expansion");
        }
    }

    private static void bytes(final MemorySegment slab, final long at, final MemorySegment to, final int count) {
        int i = 0;
        if (VECTORS) {
            for (; i < count; i += LANES) {
                floats(integers(slab, at + i)).intoMemorySegment(to, i * 4L, LITTLE_ENDIAN);
            }
        }
        for (; i < count; i++) {
            to.set(FLOAT, i * 4L, slab.get(ValueLayout.JAVA_BYTE, at + i));
        }
    }

    private static void eights(final MemorySegment slab, final long at, final MemorySegment to, final int count) {
        int i = 0;
        if (VECTORS) {
            for (; i < count; i += LANES) {
                integers(slab, at + i).lanewise(VectorOperators.LSHL, F8_SHIFT).and(F8_MASK).reinterpretAsFloats().mul(F8_REBIAS)
                        .intoMemorySegment(to, i * 4L, LITTLE_ENDIAN);
            }
        }
        for (; i < count; i++) {
            to.set(FLOAT, i * 4L, Half.f8ToFloat(slab.get(ValueLayout.JAVA_BYTE, at + i)));
        }
    }

    /** Low nibbles of {@code count} bytes go to element {@code first} of {@code to} on, high ones {@code apart} elements further. */
    private static void nibbles(final MemorySegment slab, final long at, final MemorySegment to, final long first, final int apart,
            final int count) {
        int i = 0;
        if (VECTORS) {
            for (; i + LANES <= count; i += LANES) {
                final IntVector pairs = integers(slab, at + i);
                floats(pairs.and(0xF)).intoMemorySegment(to, (first + i) * 4, LITTLE_ENDIAN);
                floats(pairs.lanewise(VectorOperators.LSHR, 4).and(0xF)).intoMemorySegment(to, (first + apart + i) * 4, LITTLE_ENDIAN);
            }
        }
        for (; i < count; i++) {
            final int pair = slab.get(ValueLayout.JAVA_BYTE, at + i);
            to.set(FLOAT, (first + i) * 4, pair & 0xF);
            to.set(FLOAT, (first + apart + i) * 4, pair >> 4 & 0xF);
        }
    }

    private static IntVector integers(final MemorySegment slab, final long at) {
        return (IntVector) ByteVector.fromMemorySegment(B, slab, at, LITTLE_ENDIAN).convertShape(VectorOperators.B2I, I, 0);
    }

    private static FloatVector floats(final IntVector integers) {
        return (FloatVector) integers.convert(VectorOperators.I2F, 0);
    }
}
