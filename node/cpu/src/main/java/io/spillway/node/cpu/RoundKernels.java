package io.spillway.node.cpu;

import static jdk.incubator.vector.VectorOperators.ADD;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.LSHL;

import io.spillway.node.compute.ActivationRounding;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link ActivationRounding}, a vector at a time, and the forms that kernels want of rounded numbers. The same bits.
 * Stateless.
 */
final class RoundKernels {
    private static final VectorSpecies<Float> F = VectorWidth.FLOATS;
    private static final VectorSpecies<Integer> I = F.withLanes(int.class);
    private static final int LANES = F.length();
    /** Four bytes a lane; at vectors of 128 bits there is no shape for them, and bytes are converted one by one. */
    private static final boolean NARROW = LANES < 8;
    private static final VectorSpecies<Byte> B = VectorSpecies.of(byte.class, VectorShape.forBitSize(NARROW ? 64 : LANES * 8));
    private static final VectorSpecies<Byte> BYTES = ByteVector.SPECIES_256;
    private static final VectorSpecies<Float> PAIRS = FloatVector.SPECIES_256;
    private static final VectorSpecies<Integer> WHOLE_PAIRS = IntVector.SPECIES_256;
    /** Pairs that belong to one nibble of each lane. */
    private static final VectorSpecies<Float> QUARTER = FloatVector.SPECIES_128;
    private static final int BLOCK = ActivationRounding.BLOCK;
    private static final int MAGNITUDE = 0x7FFFFFFF;
    private static final int ROUND_BITS = Float.floatToRawIntBits(ActivationRounding.ROUND);
    /** From here on the inverse of the greatest magnitude is finite. */
    private static final int ORDINARY_MIN = Float.floatToRawIntBits(0x1p-120f);
    private static final int ORDINARY_MAX = Float.floatToRawIntBits(Float.MAX_VALUE);

    private RoundKernels() {
    }

    /** @return bits of the greatest magnitude of 32 numbers; of a NaN if there is one */
    static int greatestBits(final float[] x, final int at) {
        IntVector greatest = FloatVector.fromArray(F, x, at).reinterpretAsInts().and(MAGNITUDE);
        for (int i = LANES; i < BLOCK; i += LANES) {
            greatest = greatest.max(FloatVector.fromArray(F, x, at + i).reinterpretAsInts().and(MAGNITUDE));
        }
        return greatest.reduceLanes(VectorOperators.MAX);
    }

    /** @return whether {@link #round} may be used for a block of that greatest magnitude */
    static boolean isOrdinary(final int greatestBits) {
        return greatestBits == 0 || greatestBits >= ORDINARY_MIN && greatestBits <= ORDINARY_MAX;
    }

    /** Rounds 32 ordinary numbers. */
    static void round(final float[] x, final int at, final float inverse, final byte[] out, final int to) {
        if (NARROW) {
            for (int i = 0; i < BLOCK; i++) {
                out[to + i] = ActivationRounding.round(x[at + i], inverse);
            }
            return;
        }
        for (int i = 0; i < BLOCK; i += LANES) {
            // The integer stands in the low bits of the sum.
            final IntVector integers = FloatVector.fromArray(F, x, at + i).mul(inverse).add(ActivationRounding.ROUND)
                    .reinterpretAsInts().sub(ROUND_BITS);
            ((ByteVector) integers.convertShape(VectorOperators.I2B, B, 0)).intoArray(out, to + i);
        }
    }

    /** Pairs as {@link RoundedRows#pairs} lays them out. */
    static void pairs(final byte[] rounded, final int blocks, final float[] out, final int to) {
        for (int block = 0; block < blocks; block++) {
            final ShortVector twins = ByteVector.fromArray(BYTES, rounded, block * BLOCK).reinterpretAsShorts();
            final int at = to + block * RoundedRows.BLOCK_PAIRS;
            twins.lanewise(LSHL, 8).lanewise(ASHR, 8).reinterpretAsFloats().intoArray(out, at);
            twins.lanewise(ASHR, 8).reinterpretAsFloats().intoArray(out, at + RoundedRows.BLOCK_PAIRS / 2);
        }
    }

    /** Pairs as {@link RoundedRows#nibblePairs} lays them out, from those of {@link RoundedRows#pairs}. */
    static void nibblePairs(final float[] pairs, final int from, final int blocks, final float[] out, final int to) {
        for (int block = 0; block < blocks; block++) {
            final int at = from + block * RoundedRows.BLOCK_PAIRS;
            final int into = to + block * RoundedRows.BLOCK_PAIRS;
            FloatVector.fromArray(QUARTER, pairs, at).intoArray(out, into);
            for (int i = 4; i < RoundedRows.BLOCK_PAIRS; i += 4) {
                FloatVector.fromArray(QUARTER, pairs, at + i).reinterpretAsShorts()
                        .sub(FloatVector.fromArray(QUARTER, pairs, at + i - 4).reinterpretAsShorts().lanewise(LSHL, 4))
                        .reinterpretAsFloats().intoArray(out, into + i);
            }
        }
    }

    /** Pairs as {@link RoundedRows#bytePairs} lays them out, from those of {@link RoundedRows#pairs}. */
    static void bytePairs(final float[] pairs, final int from, final int blocks, final float[] out, final int to) {
        for (int block = 0; block < blocks; block++) {
            final int at = from + block * RoundedRows.BLOCK_PAIRS;
            final int into = to + block * RoundedRows.BLOCK_BYTE_PAIRS;
            final ShortVector even = FloatVector.fromArray(PAIRS, pairs, at).reinterpretAsShorts();
            even.reinterpretAsFloats().intoArray(out, into);
            FloatVector.fromArray(PAIRS, pairs, at + RoundedRows.BLOCK_PAIRS / 2).reinterpretAsShorts().sub(even.lanewise(LSHL, 8))
                    .reinterpretAsFloats().intoArray(out, into + RoundedRows.BLOCK_PAIRS / 2);
            IntVector.broadcast(WHOLE_PAIRS, PairProducts.LOW_BIAS).reinterpretAsShorts().sub(even.lanewise(LSHL, 7))
                    .reinterpretAsFloats().intoArray(out, into + RoundedRows.BLOCK_PAIRS);
        }
    }

    /** Sums of each half of a block, then of the block. @param out [blocks][3] */
    static void sums(final byte[] rounded, final int blocks, final int[] out, final int to) {
        for (int block = 0; block < blocks; block++) {
            final int at = to + block * RoundedRows.BLOCK_SUMS;
            out[at] = sum(rounded, block * BLOCK);
            out[at + 1] = sum(rounded, block * BLOCK + BLOCK / 2);
            out[at + 2] = out[at] + out[at + 1];
        }
    }

    private static int sum(final byte[] rounded, final int from) {
        int sum = 0;
        for (int i = from; i < from + BLOCK / 2; i++) {
            sum += rounded[i];
        }
        return sum;
    }

    /** Starts as {@link RoundedRows#starts} defines them. */
    static void starts(final float[] pairs, final int from, final int blocks, final int[] out, final int to) {
        for (int block = 0; block < blocks; block++) {
            final int at = from + block * RoundedRows.BLOCK_PAIRS;
            final IntVector both = FloatVector.fromArray(PAIRS, pairs, at).reinterpretAsShorts()
                    .add(FloatVector.fromArray(PAIRS, pairs, at + RoundedRows.BLOCK_PAIRS / 2).reinterpretAsShorts()).reinterpretAsInts();
            final int low = both.lanewise(LSHL, 16).lanewise(ASHR, 16).reduceLanes(ADD);
            final int high = both.lanewise(ASHR, 16).reduceLanes(ADD);
            out[to + block] = -RoundedRows.NIBBLE_ZERO * low & 0xFFFF | -RoundedRows.NIBBLE_ZERO * high << 16;
        }
    }

    /** Starts as {@link RoundedRows#sixStarts} defines them. */
    static void sixStarts(final float[] pairs, final int from, final int blocks, final int[] out, final int to) {
        for (int group = 0; group < 2 * blocks; group++) {
            final int at = from + group / 2 * RoundedRows.BLOCK_PAIRS + group % 2 * 4;
            final IntVector both = FloatVector.fromArray(QUARTER, pairs, at).reinterpretAsShorts()
                    .add(FloatVector.fromArray(QUARTER, pairs, at + RoundedRows.BLOCK_PAIRS / 2).reinterpretAsShorts()).reinterpretAsInts();
            final int low = both.lanewise(LSHL, 16).lanewise(ASHR, 16).reduceLanes(ADD);
            final int high = both.lanewise(ASHR, 16).reduceLanes(ADD);
            out[to + group] = -RoundedRows.SIX_ZERO * low & 0xFFFF | -RoundedRows.SIX_ZERO * high << 16;
        }
    }

    /** The integers as floats, {@link RoundedRows#TILE_ROWS} apart. */
    static void spread(final byte[] rounded, final int columns, final float[] out, final int to) {
        for (int i = 0; i < columns; i++) {
            out[to + i * RoundedRows.TILE_ROWS] = rounded[i];
        }
    }
}
