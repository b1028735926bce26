package io.spillway.node.cpu;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.B2I;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.S2I;

import io.spillway.node.compute.DType;
import io.spillway.node.compute.Half;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * One row of rounded activations by one panel of Q6_K. A half is v = 256 b + a with a and b from 0 to 63, so that
 * v · even + (v &gt;&gt; 8) · (odd − 256 · even) is a · even + b · odd modulo 2^16: the pairs of {@link RoundedRows#bytePairs}. A group's
 * sum of (a − 32) · activation is at most 8 · 32 · 127 in a half, so halves are widened once per group. Written out for the reasons
 * given in {@link IntegerRowKernels}. Stateless.
 */
final class SixRowKernels {
    private static final VectorSpecies<Float> F = PairProducts.F;
    private static final VectorSpecies<Integer> I = PairProducts.I;
    private static final VectorSpecies<Short> S = PairProducts.S;
    private static final VectorSpecies<Short> H = PairProducts.H;
    private static final VectorSpecies<Byte> B = ExpandKernels.B;
    private static final int LANES = PairProducts.LANES;
    private static final int PANEL = DType.PANEL_ROWS;
    private static final int PAIRS = RoundedRows.BLOCK_BYTE_PAIRS;
    private static final int ODD = PairProducts.ODD;
    private static final long QUAD = PairProducts.QUAD_BYTES;
    private static final int GROUPS = DType.Q6_K.blockColumns() / DType.Q6_K.groupColumns();
    private static final short NIBBLES = 0x0F0F;
    private static final short UPPER_PAIRS = 0x3030;

    private SixRowKernels() {
    }

    /** Writes the outputs of the tile's first row from {@code lane} on. */
    static void panel(final IntegerTile t, final int lane) {
        FloatVector.zero(F).intoArray(t.y, t.yOffset + lane);
        final int groups = 2 * t.x.scaleStride();
        for (t.fromGroup = 0; t.fromGroup < groups; t.fromGroup = t.toGroup) {
            t.toGroup = t.fromGroup + GROUPS;
            if (LANES < 8) {
                ScaleKernels.narrowSixes(t, lane);
                narrowSuperBlock(t, lane);
            } else {
                superBlock(t, lane);
            }
        }
    }

    private static void superBlock(final IntegerTile t, final int lane) {
        final MemorySegment w = t.weights;
        final float[] pairs = t.x.bytePairs;
        final int[] starts = t.x.sixStarts;
        final float[] scales = t.x.scales;
        final int s0 = t.firstRow * t.x.scaleStride() + t.fromGroup / 2;
        final long w0 = t.sixPart(t.fromGroup) + lane * 4L;
        final long head = t.sixPart(t.fromGroup) - ScaleKernels.Q6_K_HEAD_BYTES + lane * 2L;
        final long codes = ScaleKernels.Q6_K_SCALES - lane * 3L;
        final float[] y = t.y;
        final int y0 = t.yOffset + lane;
        for (int group = 0; group < GROUPS; group++) {
            final int half = group & 1;
            final int shift = 4 * half;
            final long at = w0 + (group >> 1) * (long) ScaleKernels.Q6_K_PART_BYTES;
            final int x = (s0 + (group >> 1)) * PAIRS + 4 * half;
            final ShortVector upper = ShortVector.fromMemorySegment(S, w, at + ScaleKernels.NIBBLES_BYTES + half * QUAD, LITTLE_ENDIAN);
            final ShortVector v0 = ShortVector.fromMemorySegment(S, w, at, LITTLE_ENDIAN).lanewise(LSHR, shift).and(NIBBLES)
                    .or(upper.lanewise(LSHL, 4).and(UPPER_PAIRS));
            final ShortVector v1 = ShortVector.fromMemorySegment(S, w, at + QUAD, LITTLE_ENDIAN).lanewise(LSHR, shift).and(NIBBLES)
                    .or(upper.lanewise(LSHL, 2).and(UPPER_PAIRS));
            final ShortVector v2 = ShortVector.fromMemorySegment(S, w, at + 2 * QUAD, LITTLE_ENDIAN).lanewise(LSHR, shift).and(NIBBLES)
                    .or(upper.and(UPPER_PAIRS));
            final ShortVector v3 = ShortVector.fromMemorySegment(S, w, at + 3 * QUAD, LITTLE_ENDIAN).lanewise(LSHR, shift).and(NIBBLES)
                    .or(upper.lanewise(LSHR, 2).and(UPPER_PAIRS));
            final ShortVector first = IntVector.broadcast(I, starts[2 * s0 + group]).reinterpretAsShorts()
                    .add(v0.mul(FloatVector.broadcast(F, pairs[x]).reinterpretAsShorts()))
                    .add(v0.lanewise(LSHR, 8).mul(FloatVector.broadcast(F, pairs[x + ODD]).reinterpretAsShorts()))
                    .add(v1.mul(FloatVector.broadcast(F, pairs[x + 1]).reinterpretAsShorts()))
                    .add(v1.lanewise(LSHR, 8).mul(FloatVector.broadcast(F, pairs[x + ODD + 1]).reinterpretAsShorts()));
            final IntVector both = first.add(v2.mul(FloatVector.broadcast(F, pairs[x + 2]).reinterpretAsShorts()))
                    .add(v2.lanewise(LSHR, 8).mul(FloatVector.broadcast(F, pairs[x + ODD + 2]).reinterpretAsShorts()))
                    .add(v3.mul(FloatVector.broadcast(F, pairs[x + 3]).reinterpretAsShorts()))
                    .add(v3.lanewise(LSHR, 8).mul(FloatVector.broadcast(F, pairs[x + ODD + 3]).reinterpretAsShorts())).reinterpretAsInts();
            final IntVector products = both.lanewise(LSHL, 16).lanewise(ASHR, 16).add(both.lanewise(ASHR, 16));
            final FloatVector scale = ((IntVector) ShortVector.fromMemorySegment(H, w, head, LITTLE_ENDIAN).convertShape(S2I, I, 0))
                    .lanewise(LSHL, Half.SHIFT).and(Half.MASK).reinterpretAsFloats().mul(Half.REBIAS)
                    .mul((FloatVector) ((IntVector) ByteVector.fromMemorySegment(B, w, at + codes + half * PANEL, LITTLE_ENDIAN)
                            .convertShape(B2I, I, 0)).convert(I2F, 0));
            ((FloatVector) products.convert(I2F, 0)).fma(scale.mul(scales[s0 + (group >> 1)]), FloatVector.fromArray(F, y, y0)).intoArray(y, y0);
        }
    }

    /** For vectors of four lanes: there is no shape for four bytes, so scales have been expanded before. */
    private static void narrowSuperBlock(final IntegerTile t, final int lane) {
        final MemorySegment w = t.weights;
        final float[] pairs = t.x.bytePairs;
        final int[] starts = t.x.sixStarts;
        final float[] scales = t.x.scales;
        final int s0 = t.firstRow * t.x.scaleStride() + t.fromGroup / 2;
        final long w0 = t.sixPart(t.fromGroup) + lane * 4L;
        final float[] y = t.y;
        final int y0 = t.yOffset + lane;
        for (int group = 0; group < GROUPS; group++) {
            final int half = group & 1;
            final int shift = 4 * half;
            final long at = w0 + (group >> 1) * (long) ScaleKernels.Q6_K_PART_BYTES;
            final int x = (s0 + (group >> 1)) * PAIRS + 4 * half;
            final ShortVector upper = ShortVector.fromMemorySegment(S, w, at + ScaleKernels.NIBBLES_BYTES + half * QUAD, LITTLE_ENDIAN);
            final ShortVector v0 = ShortVector.fromMemorySegment(S, w, at, LITTLE_ENDIAN).lanewise(LSHR, shift).and(NIBBLES)
                    .or(upper.lanewise(LSHL, 4).and(UPPER_PAIRS));
            final ShortVector v1 = ShortVector.fromMemorySegment(S, w, at + QUAD, LITTLE_ENDIAN).lanewise(LSHR, shift).and(NIBBLES)
                    .or(upper.lanewise(LSHL, 2).and(UPPER_PAIRS));
            final ShortVector v2 = ShortVector.fromMemorySegment(S, w, at + 2 * QUAD, LITTLE_ENDIAN).lanewise(LSHR, shift).and(NIBBLES)
                    .or(upper.and(UPPER_PAIRS));
            final ShortVector v3 = ShortVector.fromMemorySegment(S, w, at + 3 * QUAD, LITTLE_ENDIAN).lanewise(LSHR, shift).and(NIBBLES)
                    .or(upper.lanewise(LSHR, 2).and(UPPER_PAIRS));
            final ShortVector first = IntVector.broadcast(I, starts[2 * s0 + group]).reinterpretAsShorts()
                    .add(v0.mul(FloatVector.broadcast(F, pairs[x]).reinterpretAsShorts()))
                    .add(v0.lanewise(LSHR, 8).mul(FloatVector.broadcast(F, pairs[x + ODD]).reinterpretAsShorts()))
                    .add(v1.mul(FloatVector.broadcast(F, pairs[x + 1]).reinterpretAsShorts()))
                    .add(v1.lanewise(LSHR, 8).mul(FloatVector.broadcast(F, pairs[x + ODD + 1]).reinterpretAsShorts()));
            final IntVector both = first.add(v2.mul(FloatVector.broadcast(F, pairs[x + 2]).reinterpretAsShorts()))
                    .add(v2.lanewise(LSHR, 8).mul(FloatVector.broadcast(F, pairs[x + ODD + 2]).reinterpretAsShorts()))
                    .add(v3.mul(FloatVector.broadcast(F, pairs[x + 3]).reinterpretAsShorts()))
                    .add(v3.lanewise(LSHR, 8).mul(FloatVector.broadcast(F, pairs[x + ODD + 3]).reinterpretAsShorts())).reinterpretAsInts();
            final IntVector products = both.lanewise(LSHL, 16).lanewise(ASHR, 16).add(both.lanewise(ASHR, 16));
            ((FloatVector) products.convert(I2F, 0))
                    .fma(FloatVector.fromArray(F, t.scales, group * PANEL + lane).mul(scales[s0 + (group >> 1)]), FloatVector.fromArray(F, y, y0))
                    .intoArray(y, y0);
        }
    }
}
