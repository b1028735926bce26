package io.spillway.node.cpu;

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
    private static final VectorSpecies<Byte> QUADS = ByteVector.SPECIES_256;
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

    /** Sums of 16 neighbours each. */
    static void sums(final byte[] rounded, final int columns, final int[] out, final int to) {
        for (int group = 0; group < columns / RoundedRows.SUM_COLUMNS; group++) {
            int sum = 0;
            for (int i = 0; i < RoundedRows.SUM_COLUMNS; i++) {
                sum += rounded[group * RoundedRows.SUM_COLUMNS + i];
            }
            out[to + group] = sum;
        }
    }

    /** Pairs as {@link RoundedRows#pairs} lays them out. */
    static void pairs(final byte[] rounded, final int blocks, final int[] out, final int to) {
        for (int block = 0; block < blocks; block++) {
            final ShortVector twins = ByteVector.fromArray(QUADS, rounded, block * BLOCK).reinterpretAsShorts();
            final int at = to + block * RoundedRows.BLOCK_PAIRS;
            twins.lanewise(VectorOperators.LSHL, 8).lanewise(VectorOperators.ASHR, 8).reinterpretAsInts().intoArray(out, at);
            twins.lanewise(VectorOperators.ASHR, 8).reinterpretAsInts().intoArray(out, at + RoundedRows.BLOCK_PAIRS / 2);
        }
    }

    /** The integers as floats. */
    static void floats(final byte[] rounded, final int columns, final float[] out, final int to) {
        if (NARROW) {
            for (int i = 0; i < columns; i++) {
                out[to + i] = rounded[i];
            }
            return;
        }
        for (int i = 0; i < columns; i += LANES) {
            ((FloatVector) ((IntVector) ByteVector.fromArray(B, rounded, i).convertShape(VectorOperators.B2I, I, 0))
                    .convert(VectorOperators.I2F, 0)).intoArray(out, to + i);
        }
    }
}
