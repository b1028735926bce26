package io.spillway.node.cpu;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The steps that integer kernels are made of. The Vector API has no product of bytes, so products are made in 16 bits: of
 * the four columns in a 32-bit lane, shifts make two pairs of signed halves, (a, c) and (b, d), which meet pairs of
 * activations. |weight| ≤ 128 and |activation| ≤ 127, so the sum of two products fits a half; of nibbles, the sum of sixteen.
 * All sums are exact. Stateless.
 */
final class PairKernels {
    static final VectorSpecies<Float> F = VectorWidth.FLOATS;
    static final int LANES = F.length();
    static final VectorSpecies<Integer> I = F.withLanes(int.class);
    static final VectorSpecies<Short> S = VectorSpecies.of(short.class, VectorShape.forBitSize(LANES * Integer.SIZE));
    /** Bytes of four columns of a panel. */
    static final int QUAD_BYTES = 64;
    /** From the even pair of a quad to its odd pair. */
    static final int ODD = RoundedRows.BLOCK_PAIRS / 2;

    private PairKernels() {
    }

    /** Four columns of int8, or eight of nibbles. */
    static ShortVector load(final MemorySegment weights, final long at) {
        return ShortVector.fromMemorySegment(S, weights, at, LITTLE_ENDIAN);
    }

    /** Columns a and c. */
    static ShortVector even(final ShortVector quad) {
        return quad.lanewise(VectorOperators.LSHL, 8).lanewise(VectorOperators.ASHR, 8);
    }

    /** Columns b and d. */
    static ShortVector odd(final ShortVector quad) {
        return quad.lanewise(VectorOperators.ASHR, 8);
    }

    /** One pair of activations in every lane. */
    static ShortVector pair(final int[] pairs, final int at) {
        return IntVector.broadcast(I, pairs[at]).reinterpretAsShorts();
    }

    /** @return sum + both halves of every lane */
    static IntVector widen(final ShortVector halves, final IntVector sum) {
        final IntVector both = halves.reinterpretAsInts();
        return both.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 16).add(both.lanewise(VectorOperators.ASHR, 16))
                .add(sum);
    }

    /** @return sum + the products of four columns of int8 with four activations. @param at of the even pair */
    static IntVector quad(final ShortVector even, final ShortVector odd, final int[] pairs, final int at, final IntVector sum) {
        return widen(even.mul(pair(pairs, at)).add(odd.mul(pair(pairs, at + ODD))), sum);
    }

    /** Like {@link #quad}, of stored weights. */
    static IntVector quad(final MemorySegment weights, final long weight, final int[] pairs, final int at, final IntVector sum) {
        final ShortVector quad = load(weights, weight);
        return quad(even(quad), odd(quad), pairs, at, sum);
    }

    /** @return sum + the products of eight columns of nibbles with eight activations. @param at of the quad's even pair */
    static ShortVector nibbles(final ShortVector quad, final int[] pairs, final int at, final ShortVector sum) {
        return nibble0(quad).mul(pair(pairs, at)).add(nibble1(quad).mul(pair(pairs, at + ODD / 2)))
                .add(nibble2(quad).mul(pair(pairs, at + ODD))).add(nibble3(quad).mul(pair(pairs, at + ODD + ODD / 2))).add(sum);
    }

    /** Columns a and c of the low nibbles. */
    static ShortVector nibble0(final ShortVector quad) {
        return quad.and((short) 0xF);
    }

    /** Columns a and c of the high nibbles: 16 columns further on. */
    static ShortVector nibble1(final ShortVector quad) {
        return quad.lanewise(VectorOperators.LSHR, 4).and((short) 0xF);
    }

    /** Columns b and d of the low nibbles. */
    static ShortVector nibble2(final ShortVector quad) {
        return quad.lanewise(VectorOperators.LSHR, 8).and((short) 0xF);
    }

    /** Columns b and d of the high nibbles. */
    static ShortVector nibble3(final ShortVector quad) {
        return quad.lanewise(VectorOperators.LSHR, 12);
    }

    static FloatVector toFloats(final IntVector sums) {
        return (FloatVector) sums.convert(VectorOperators.I2F, 0);
    }

    /** @return sum − minima · activations */
    static FloatVector subtract(final FloatVector minima, final int activations, final FloatVector sum) {
        return minima.fma(FloatVector.broadcast(F, -(float) activations), sum);
    }
}
