package io.spillway.node.cpu;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;

import io.spillway.node.compute.DType;
import io.spillway.node.compute.Half;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** Converts stored numbers to F32 scratch, exactly, a vector at a time. Stateless. */
final class ExpandKernels {
    private static final VectorSpecies<Float> F = VectorWidth.FLOATS;
    private static final VectorSpecies<Integer> I = F.withLanes(int.class);
    private static final int LANES = F.length();
    private static final VectorSpecies<Short> S = VectorSpecies.of(short.class, VectorShape.forBitSize(LANES * 16));

    static final VectorSpecies<Byte> B = VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, LANES * 8)));
    private static final ValueLayout.OfInt QUAD = ValueLayout.JAVA_INT_UNALIGNED.withOrder(LITTLE_ENDIAN);
    /** Brings byte i of an int to the top of lane i. */
    private static final IntVector TOP_SHIFTS = IntVector.zero(I).addIndex(1).mul(-8).add(24);
    private static final int PANEL = DType.PANEL_ROWS;
    private static final int F8_COLUMNS = DType.F8.blockColumns();
    private static final int F8_BLOCK_BYTES = DType.F8.panelBlockBytes();
    private static final int COLUMN_BYTES = PANEL * Float.BYTES;
    static final int F8_SHIFT = 20;
    static final int F8_MASK = 0x87F00000;
    static final float F8_REBIAS = 0x1p120f;

    private ExpandKernels() {
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

    /** {@code count} blocks of F8 at {@code from} become floats at {@code to}, column by column. */
    static void eights(final MemorySegment source, final long from, final MemorySegment target, final long to, final int count) {
        for (int block = 0; block < count; block++) {
            final long at = from + block * (long) F8_BLOCK_BYTES;
            final long out = to + block * (long) F8_COLUMNS * PANEL * Float.BYTES;
            for (int lane = 0; lane < PANEL; lane += LANES) {
                eightsOfLanes(source, at + lane, floats(source, at + F8_COLUMNS * PANEL + lane * 4L), target, out + lane * 4L);
            }
        }
    }

    private static void eightsOfLanes(final MemorySegment source, final long from, final FloatVector scale, final MemorySegment target,
            final long to) {
        for (int column = 0; column < F8_COLUMNS; column++) {
            eights(source, from + column * PANEL).mul(scale).intoMemorySegment(target, to + column * (long) PANEL * Float.BYTES, LITTLE_ENDIAN);
        }
    }

    /** The tile's groups of int8 become floats, column by column. */
    static void int8s(final IntegerTile t, final long to, final int lane) {
        for (int group = t.fromGroup; group < t.toGroup; group++) {
            final long at = t.groupOffset(group) + lane * 4L;
            final long out = to + (group - t.fromGroup) * (long) (4 * t.quads * COLUMN_BYTES) + lane * 4L;
            for (int quad = 0; quad < t.quads; quad++) {
                final IntVector v = IntVector.fromMemorySegment(I, t.weights, at + quad * 4L * PANEL, LITTLE_ENDIAN);
                final long first = out + quad * 4L * COLUMN_BYTES;
                ((FloatVector) v.lanewise(LSHL, 24).lanewise(ASHR, 24).convert(I2F, 0)).intoMemorySegment(t.expanded, first, LITTLE_ENDIAN);
                ((FloatVector) v.lanewise(LSHL, 16).lanewise(ASHR, 24).convert(I2F, 0))
                        .intoMemorySegment(t.expanded, first + COLUMN_BYTES, LITTLE_ENDIAN);
                ((FloatVector) v.lanewise(LSHL, 8).lanewise(ASHR, 24).convert(I2F, 0))
                        .intoMemorySegment(t.expanded, first + 2 * COLUMN_BYTES, LITTLE_ENDIAN);
                ((FloatVector) v.lanewise(ASHR, 24).convert(I2F, 0)).intoMemorySegment(t.expanded, first + 3 * COLUMN_BYTES, LITTLE_ENDIAN);
            }
        }
    }

    /** The tile's groups of nibbles, less {@code zero}, become floats, column by column. */
    static void nibbles(final IntegerTile t, final long to, final int lane, final int zero) {
        for (int group = t.fromGroup; group < t.toGroup; group++) {
            final long at = t.groupOffset(group) + lane * 4L;
            final long out = to + (group - t.fromGroup) * 32L * COLUMN_BYTES + lane * 4L;
            for (int nibble = 0; nibble < 8; nibble++) {
                final int column = nibble / 2 + nibble % 2 * 16;
                for (int quad = 0; quad < 4; quad++) {
                    ((FloatVector) IntVector.fromMemorySegment(I, t.weights, at + quad * 4L * PANEL, LITTLE_ENDIAN)
                            .lanewise(LSHR, 4 * nibble).and(0xF).sub(zero).convert(I2F, 0))
                            .intoMemorySegment(t.expanded, out + (column + 4L * quad) * COLUMN_BYTES, LITTLE_ENDIAN);
                }
            }
        }
    }

    /** The tile's groups of six bits, less 32, become floats, column by column. */
    static void sixes(final IntegerTile t, final long to, final int lane) {
        for (int group = t.fromGroup; group < t.toGroup; group++) {
            final int half = group & 1;
            final long at = t.sixPart(group) + lane * 4L;
            final long pairs = at + ScaleKernels.NIBBLES_BYTES + half * 4L * PANEL;
            final long out = to + (group - t.fromGroup) * 16L * COLUMN_BYTES + lane * 4L;
            for (int quad = 0; quad < 4; quad++) {
                final IntVector v = IntVector.fromMemorySegment(I, t.weights, at + quad * 4L * PANEL, LITTLE_ENDIAN).lanewise(LSHR, 4 * half).and(0x0F0F0F0F)
                        .or(IntVector.fromMemorySegment(I, t.weights, pairs, LITTLE_ENDIAN).lanewise(LSHR, 2 * quad).and(0x03030303).lanewise(LSHL, 4));
                final long first = out + quad * 4L * COLUMN_BYTES;
                ((FloatVector) v.and(0x3F).sub(RoundedRows.SIX_ZERO).convert(I2F, 0)).intoMemorySegment(t.expanded, first, LITTLE_ENDIAN);
                ((FloatVector) v.lanewise(LSHR, 8).and(0x3F).sub(RoundedRows.SIX_ZERO).convert(I2F, 0))
                        .intoMemorySegment(t.expanded, first + COLUMN_BYTES, LITTLE_ENDIAN);
                ((FloatVector) v.lanewise(LSHR, 16).and(0x3F).sub(RoundedRows.SIX_ZERO).convert(I2F, 0))
                        .intoMemorySegment(t.expanded, first + 2 * COLUMN_BYTES, LITTLE_ENDIAN);
                ((FloatVector) v.lanewise(LSHR, 24).sub(RoundedRows.SIX_ZERO).convert(I2F, 0))
                        .intoMemorySegment(t.expanded, first + 3 * COLUMN_BYTES, LITTLE_ENDIAN);
            }
        }
    }

    static FloatVector floats(final MemorySegment source, final long at) {
        return FloatVector.fromMemorySegment(F, source, at, LITTLE_ENDIAN);
    }

    static FloatVector half(final MemorySegment source, final long at) {
        return ((IntVector) ShortVector.fromMemorySegment(S, source, at, LITTLE_ENDIAN).convertShape(VectorOperators.S2I, I, 0))
                .lanewise(VectorOperators.LSHL, Half.SHIFT).and(Half.MASK).reinterpretAsFloats().mul(Half.REBIAS);
    }

    /** Bytes without sign as floats. */
    static FloatVector unsignedBytes(final MemorySegment source, final long at) {
        return (FloatVector) bytes(source, at).and(0xFF).convert(VectorOperators.I2F, 0);
    }

    /** Bytes with their signs as floats. */
    static FloatVector signedBytes(final MemorySegment source, final long at) {
        return (FloatVector) bytes(source, at).convert(VectorOperators.I2F, 0);
    }

    /** The values of e4m3 numbers: their bits, moved, are a float 2^120 times too small. */
    static FloatVector eights(final MemorySegment source, final long at) {
        return bytes(source, at).lanewise(VectorOperators.LSHL, F8_SHIFT).and(F8_MASK).reinterpretAsFloats().mul(F8_REBIAS);
    }

    /** Bytes with their signs. */
    private static IntVector bytes(final MemorySegment source, final long at) {
        if (LANES < 8) {
            // There is no shape for four bytes: they are moved to the four lanes by shifts.
            final IntVector quad = IntVector.broadcast(I, source.get(QUAD, at));
            return quad.lanewise(VectorOperators.LSHL, TOP_SHIFTS).lanewise(VectorOperators.ASHR, 24);
        }
        return (IntVector) ByteVector.fromMemorySegment(B, source, at, LITTLE_ENDIAN).convertShape(VectorOperators.B2I, I, 0);
    }

    static FloatVector brain(final MemorySegment source, final long at) {
        return ((IntVector) ShortVector.fromMemorySegment(S, source, at, LITTLE_ENDIAN).convertShape(VectorOperators.S2I, I, 0))
                .lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
    }
}
