package io.spillway.node.cpu;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.spillway.node.compute.Half;
import java.lang.foreign.MemorySegment;
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

    static FloatVector half(final MemorySegment source, final long at) {
        return ((IntVector) ShortVector.fromMemorySegment(S, source, at, LITTLE_ENDIAN).convertShape(VectorOperators.S2I, I, 0))
                .lanewise(VectorOperators.LSHL, Half.SHIFT).and(Half.MASK).reinterpretAsFloats().mul(Half.REBIAS);
    }

    static FloatVector brain(final MemorySegment source, final long at) {
        return ((IntVector) ShortVector.fromMemorySegment(S, source, at, LITTLE_ENDIAN).convertShape(VectorOperators.S2I, I, 0))
                .lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
    }
}
