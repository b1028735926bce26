package io.spillway.node.cpu;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.spillway.node.compute.DType;
import io.spillway.node.compute.Half;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** Converts stored numbers to F32 scratch, exactly, a vector at a time. Stateless. */
final class ExpandKernels {
    private static final VectorSpecies<Float> F = VectorWidth.FLOATS;
    private static final VectorSpecies<Integer> I = F.withLanes(int.class);
    private static final int LANES = F.length();
    private static final VectorSpecies<Short> S = VectorSpecies.of(short.class, jdk.incubator.vector.VectorShape.forBitSize(LANES * 16));
    private static final VectorSpecies<Byte> B = byteSpecies();
    private static final int BLOCK_COLUMNS = 32;
    private static final int ROWS = DType.PANEL_ROWS;
    private static final int QUANT_BYTES = BLOCK_COLUMNS * ROWS;
    private static final int NIBBLE_BYTES = BLOCK_COLUMNS * ROWS / 2;

    private ExpandKernels() {
    }

    /** As many bytes as lanes, or the narrowest vector there is: four lanes read eight bytes and use the first four. */
    private static VectorSpecies<Byte> byteSpecies() {
        return VectorSpecies.of(byte.class, jdk.incubator.vector.VectorShape.forBitSize(Math.max(64, LANES * 8)));
    }

    /** {@code count} halves at {@code from} become floats at {@code to}; count is a multiple of 16. */
    static void halves(final MemorySegment source, final long from, final MemorySegment target, final long to, final int count) {
        for (int i = 0; i < count; i += LANES) {
            half(source, from + i * 2L).intoMemorySegment(target, to + i * 4L, LITTLE_ENDIAN);
        }
    }

    /** {@code count} bfloat16 at {@code from} become floats at {@code to}; count is a multiple of 16. */
    static void brains(final MemorySegment source, final long from, final MemorySegment target, final long to, final int count) {
        for (int i = 0; i < count; i += LANES) {
            brain(source, from + i * 2L).intoMemorySegment(target, to + i * 4L, LITTLE_ENDIAN);
        }
    }

    /** One Q8_0 block of a panel, 32 columns by 16 rows, becomes floats. */
    static void quants(final MemorySegment source, final long from, final MemorySegment target, final long to) {
        for (int lane = 0; lane < ROWS; lane += LANES) {
            final FloatVector scale = half(source, from + QUANT_BYTES + lane * 2L);
            for (int column = 0; column < BLOCK_COLUMNS; column++) {
                final long at = (long) column * ROWS + lane;
                quant(source, from + at).mul(scale).intoMemorySegment(target, to + at * 4, LITTLE_ENDIAN);
            }
        }
    }

    /** One Q4_0 block of a panel, 32 columns by 16 rows, becomes floats. */
    static void nibbles(final MemorySegment source, final long from, final MemorySegment target, final long to) {
        for (int lane = 0; lane < ROWS; lane += LANES) {
            final FloatVector scale = half(source, from + NIBBLE_BYTES + lane * 2L);
            for (int column = 0; column < BLOCK_COLUMNS / 2; column++) {
                final long at = (long) column * ROWS + lane;
                final IntVector pair = bytes(source, from + at);
                low(pair).mul(scale).intoMemorySegment(target, to + at * 4, LITTLE_ENDIAN);
                high(pair).mul(scale).intoMemorySegment(target, to + (at + NIBBLE_BYTES) * 4, LITTLE_ENDIAN);
            }
        }
    }

    static FloatVector half(final MemorySegment source, final long at) {
        return ((IntVector) ShortVector.fromMemorySegment(S, source, at, LITTLE_ENDIAN).convertShape(VectorOperators.S2I, I, 0))
                .lanewise(VectorOperators.LSHL, Half.SHIFT).and(Half.MASK).reinterpretAsFloats().mul(Half.REBIAS);
    }

    static FloatVector brain(final MemorySegment source, final long at) {
        return ((IntVector) ShortVector.fromMemorySegment(S, source, at, LITTLE_ENDIAN).convertShape(VectorOperators.S2I, I, 0))
                .lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
    }

    static FloatVector quant(final MemorySegment source, final long at) {
        return (FloatVector) ByteVector.fromMemorySegment(B, source, at, LITTLE_ENDIAN).convertShape(VectorOperators.B2F, F, 0);
    }

    static IntVector bytes(final MemorySegment source, final long at) {
        return (IntVector) ByteVector.fromMemorySegment(B, source, at, LITTLE_ENDIAN).convertShape(VectorOperators.B2I, I, 0);
    }

    static FloatVector low(final IntVector pair) {
        return (FloatVector) pair.and(0xF).sub(8).convert(VectorOperators.I2F, 0);
    }

    static FloatVector high(final IntVector pair) {
        return (FloatVector) pair.lanewise(VectorOperators.LSHR, 4).and(0xF).sub(8).convert(VectorOperators.I2F, 0);
    }
}
