package io.spillway.node.cpu;

import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * How integer kernels multiply. The Vector API has no product of bytes, so products are made in 16 bits: of the four columns
 * a b c d in a 32-bit lane, shifts make two pairs of signed halves, (a, c) and (b, d), which meet pairs of activations that
 * {@link RoundedRows} lays out. |weight| ≤ 128 and |activation| ≤ 127, so that the sum of two products fits a half; of
 * nibbles, the sum of sixteen. Halves are then widened to 32 bits by shifts and added. All sums are exact.
 *
 * <p>Of nibbles, a byte holds columns that are 16 apart: the quad's low nibbles meet its own pairs, the high ones the pairs
 * {@link #UPPER} further on.
 */
final class PairProducts {
    static final VectorSpecies<Float> F = VectorWidth.FLOATS;
    static final int LANES = F.length();
    static final VectorSpecies<Integer> I = F.withLanes(int.class);
    static final VectorSpecies<Short> S = VectorSpecies.of(short.class, VectorShape.forBitSize(LANES * Integer.SIZE));
    /** As many halves as there are floats in a vector. */
    static final VectorSpecies<Short> H = VectorSpecies.of(short.class, VectorShape.forBitSize(LANES * Short.SIZE));
    /** Bytes of four columns of a panel. */
    static final int QUAD_BYTES = 64;
    /** From the even pair of a quad to its odd pair. */
    static final int ODD = RoundedRows.BLOCK_PAIRS / 2;
    /** From the pair of columns to the pair of those 16 further on. */
    static final int UPPER = ODD / 2;

    /**
     * Makes the lower half of a lane a number without sign, as 128 does with the lower byte of a half: then a lane is 2^16 high + low
     * exactly, and of a sum of lanes low and high sums are told apart once, at the end, from a second sum of the high halves.
     */
    static final int LOW_BIAS = 0x8000;
    /** Turns the lower byte of a half into a number without sign, larger by 128. */
    static final short LOW_BYTE_SIGN = 0x80;

    private PairProducts() {
    }
}
