package io.spillway.node.cpu;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.XOR;

import io.spillway.node.compute.DType;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Lays the weights of a panel out for {@link WideProducts}: {@code [groups][steps][vectors of outputs][even, odd outputs]}. A stored quad
 * is four columns of an output in 32 bits, so a 64-bit lane holds an even output and the odd one after it. An array, not memory off the
 * heap: after a store to a segment the compiler looks at every segment anew, which took longer than the work itself. Stateless.
 */
final class WideExpand {
    private static final VectorSpecies<Long> L = WideProducts.L;
    private static final long QUAD = PairProducts.QUAD_BYTES;
    private static final int STEP = DType.PANEL_ROWS;
    private static final int ODD = WideProducts.ODD;
    private static final int LANES = PairProducts.LANES;
    /** Makes signed bytes unsigned ones, larger by 128. */
    private static final long SIGNS = 0x80808080_80808080L;
    private static final int FIELD = WideProducts.INT8_FIELD;
    private static final long BYTE0 = 0xFF;
    private static final long BYTE1 = BYTE0 << FIELD;
    private static final long BYTE2 = BYTE0 << 2 * FIELD;
    /** The 128 of two columns and of three. */
    private static final long ZEROS2 = 0x80 | 0x80L << FIELD;
    private static final long ZEROS3 = ZEROS2 | 0x80L << 2 * FIELD;
    private static final long NIBBLE0 = 0xF;
    private static final long NIBBLE1 = NIBBLE0 << 16;
    private static final long NIBBLE2 = NIBBLE0 << 32;
    private static final long NIBBLE3 = NIBBLE0 << 48;
    private static final long NIBBLE_ZEROS = 8 * 0x0001_0001_0001_0001L;

    private WideExpand() {
    }

    /** Fills the tile's scratch with its groups of a panel. */
    static void run(final IntegerTile t) {
        for (int lane = 0; lane < DType.PANEL_ROWS; lane += LANES) {
            if (t.dtype == DType.Q8_0) {
                triples(t, lane);
                rests(t, lane);
            } else {
                fours(t, lane);
            }
        }
    }

    /** The first three columns of each quad. */
    private static void triples(final IntegerTile t, final int lane) {
        final MemorySegment w = t.weights;
        final long[] out = t.wide;
        for (int group = t.fromGroup; group < t.toGroup; group++) {
            final long from = t.groupOffset(group) + lane * 4L;
            final int to = (group - t.fromGroup) * WideProducts.INT8_STEPS * STEP + lane;
            for (int quad = 0; quad < 8; quad++) {
                final LongVector v = LongVector.fromMemorySegment(L, w, from + quad * QUAD, LITTLE_ENDIAN).lanewise(XOR, SIGNS);
                v.and(BYTE0).or(v.lanewise(LSHL, FIELD - 8).and(BYTE1)).or(v.lanewise(LSHL, 2 * FIELD - 16).and(BYTE2)).sub(ZEROS3)
                        .intoArray(out, to + quad * STEP);
                v.lanewise(LSHR, 32).and(BYTE0).or(v.lanewise(LSHR, 40 - FIELD).and(BYTE1)).or(v.lanewise(LSHR, 48 - 2 * FIELD).and(BYTE2)).sub(ZEROS3)
                        .intoArray(out, to + quad * STEP + ODD);
            }
        }
    }

    /** The last columns of three quads, twice, then of two. */
    private static void rests(final IntegerTile t, final int lane) {
        final MemorySegment w = t.weights;
        final long[] out = t.wide;
        for (int group = t.fromGroup; group < t.toGroup; group++) {
            final long from = t.groupOffset(group) + lane * 4L;
            final int to = ((group - t.fromGroup) * WideProducts.INT8_STEPS + 8) * STEP + lane;
            for (int rest = 0; rest < 2; rest++) {
                final long at = from + rest * 3 * QUAD;
                final LongVector v0 = LongVector.fromMemorySegment(L, w, at, LITTLE_ENDIAN).lanewise(XOR, SIGNS);
                final LongVector v1 = LongVector.fromMemorySegment(L, w, at + QUAD, LITTLE_ENDIAN).lanewise(XOR, SIGNS);
                final LongVector v2 = LongVector.fromMemorySegment(L, w, at + 2 * QUAD, LITTLE_ENDIAN).lanewise(XOR, SIGNS);
                v0.lanewise(LSHR, 24).and(BYTE0).or(v1.lanewise(LSHR, 24 - FIELD).and(BYTE1)).or(v2.lanewise(LSHL, 2 * FIELD - 24).and(BYTE2)).sub(ZEROS3)
                        .intoArray(out, to + rest * STEP);
                v0.lanewise(LSHR, 56).or(v1.lanewise(LSHR, 56 - FIELD).and(BYTE1)).or(v2.lanewise(LSHR, 56 - 2 * FIELD).and(BYTE2)).sub(ZEROS3)
                        .intoArray(out, to + rest * STEP + ODD);
            }
            final LongVector v0 = LongVector.fromMemorySegment(L, w, from + 6 * QUAD, LITTLE_ENDIAN).lanewise(XOR, SIGNS);
            final LongVector v1 = LongVector.fromMemorySegment(L, w, from + 7 * QUAD, LITTLE_ENDIAN).lanewise(XOR, SIGNS);
            v0.lanewise(LSHR, 24).and(BYTE0).or(v1.lanewise(LSHR, 24 - FIELD).and(BYTE1)).sub(ZEROS2).intoArray(out, to + 2 * STEP);
            v0.lanewise(LSHR, 56).or(v1.lanewise(LSHR, 56 - FIELD).and(BYTE1)).sub(ZEROS2).intoArray(out, to + 2 * STEP + ODD);
        }
    }

    /** Low nibbles of each quad, and high ones, which are 16 columns further on. */
    private static void fours(final IntegerTile t, final int lane) {
        final MemorySegment w = t.weights;
        final long[] out = t.wide;
        for (int group = t.fromGroup; group < t.toGroup; group++) {
            final long from = t.groupOffset(group) + lane * 4L;
            final int to = (group - t.fromGroup) * WideProducts.NIBBLE_STEPS * STEP + lane;
            for (int quad = 0; quad < 4; quad++) {
                final LongVector v = LongVector.fromMemorySegment(L, w, from + quad * QUAD, LITTLE_ENDIAN);
                v.and(NIBBLE0).or(v.lanewise(LSHL, 8).and(NIBBLE1)).or(v.lanewise(LSHL, 16).and(NIBBLE2)).or(v.lanewise(LSHL, 24).and(NIBBLE3))
                        .sub(NIBBLE_ZEROS).intoArray(out, to + quad * STEP);
                v.lanewise(LSHR, 32).and(NIBBLE0).or(v.lanewise(LSHR, 24).and(NIBBLE1)).or(v.lanewise(LSHR, 16).and(NIBBLE2))
                        .or(v.lanewise(LSHR, 8).and(NIBBLE3)).sub(NIBBLE_ZEROS).intoArray(out, to + quad * STEP + ODD);
                v.lanewise(LSHR, 4).and(NIBBLE0).or(v.lanewise(LSHL, 4).and(NIBBLE1)).or(v.lanewise(LSHL, 12).and(NIBBLE2))
                        .or(v.lanewise(LSHL, 20).and(NIBBLE3)).sub(NIBBLE_ZEROS).intoArray(out, to + (4 + quad) * STEP);
                v.lanewise(LSHR, 36).and(NIBBLE0).or(v.lanewise(LSHR, 28).and(NIBBLE1)).or(v.lanewise(LSHR, 20).and(NIBBLE2))
                        .or(v.lanewise(LSHR, 12).and(NIBBLE3)).sub(NIBBLE_ZEROS).intoArray(out, to + (4 + quad) * STEP + ODD);
            }
        }
    }
}
