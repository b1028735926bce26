package io.spillway.node.cpu;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.XOR;

import io.spillway.node.compute.DType;
import io.spillway.node.compute.Half;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Two rows of rounded activations by one panel of Q8_0 weights: each weight is loaded and taken apart once for both, and
 * {@link RoundedRows#bytePairs} spare most of the shifts that {@link IntegerRowKernels} needs. The same exact sums. Written out
 * for the reasons given there. Stateless.
 */
final class TwoRowKernels {
    private static final VectorSpecies<Float> F = PairProducts.F;
    private static final VectorSpecies<Integer> I = PairProducts.I;
    private static final VectorSpecies<Short> S = PairProducts.S;
    private static final VectorSpecies<Short> H = PairProducts.H;
    private static final int LANES = PairProducts.LANES;
    private static final int PAIRS = RoundedRows.BLOCK_BYTE_PAIRS;
    private static final int ODD = PairProducts.ODD;
    private static final int START = 2 * ODD;
    private static final int BIASES = 8 * PairProducts.LOW_BIAS;
    private static final long QUAD = PairProducts.QUAD_BYTES;
    private static final int Q8_0_BYTES = DType.Q8_0.panelBlockBytes();

    private TwoRowKernels() {
    }

    /** Writes 16 outputs of the tile's first two rows. */
    static void panel(final IntegerTile t) {
        for (int lane = 0; lane < DType.PANEL_ROWS; lane += LANES) {
            q80(t, lane);
        }
    }

    private static void q80(final IntegerTile t, final int lane) {
        final MemorySegment w = t.weights;
        final float[] pairs = t.x.bytePairs;
        final float[] scales = t.x.scales;
        final int blocks = t.x.scaleStride();
        final int s0 = t.firstRow * blocks;
        final int s1 = s0 + blocks;
        final long w0 = t.panelOffset + lane * 4L;
        final float[] y = t.y;
        final int y0 = t.yOffset + lane;
        final int y1 = y0 + t.yStride;
        FloatVector.zero(F).intoArray(y, y0);
        FloatVector.zero(F).intoArray(y, y1);
        for (int block = 0; block < blocks; block++) {
            final long at = w0 + block * (long) Q8_0_BYTES;
            final int x0 = (s0 + block) * PAIRS;
            final int x1 = (s1 + block) * PAIRS;
            IntVector total0 = IntVector.zero(I);
            IntVector high0 = IntVector.zero(I);
            IntVector total1 = IntVector.zero(I);
            IntVector high1 = IntVector.zero(I);
            for (int quad = 0; quad < 8; quad += 2) {
                final ShortVector v0 = ShortVector.fromMemorySegment(S, w, at + quad * QUAD, LITTLE_ENDIAN).lanewise(XOR, PairProducts.LOW_BYTE_SIGN);
                final ShortVector odd0 = v0.lanewise(ASHR, 8);
                final IntVector p0a = v0.mul(FloatVector.broadcast(F, pairs[x0 + quad]).reinterpretAsShorts())
                        .add(odd0.mul(FloatVector.broadcast(F, pairs[x0 + ODD + quad]).reinterpretAsShorts()))
                        .add(FloatVector.broadcast(F, pairs[x0 + START + quad]).reinterpretAsShorts()).reinterpretAsInts();
                total0 = total0.add(p0a);
                high0 = high0.add(p0a.lanewise(ASHR, 16));
                final IntVector p0b = v0.mul(FloatVector.broadcast(F, pairs[x1 + quad]).reinterpretAsShorts())
                        .add(odd0.mul(FloatVector.broadcast(F, pairs[x1 + ODD + quad]).reinterpretAsShorts()))
                        .add(FloatVector.broadcast(F, pairs[x1 + START + quad]).reinterpretAsShorts()).reinterpretAsInts();
                total1 = total1.add(p0b);
                high1 = high1.add(p0b.lanewise(ASHR, 16));
                final ShortVector v1 = ShortVector.fromMemorySegment(S, w, at + (quad + 1) * QUAD, LITTLE_ENDIAN).lanewise(XOR, PairProducts.LOW_BYTE_SIGN);
                final ShortVector odd1 = v1.lanewise(ASHR, 8);
                final IntVector p1a = v1.mul(FloatVector.broadcast(F, pairs[x0 + quad + 1]).reinterpretAsShorts())
                        .add(odd1.mul(FloatVector.broadcast(F, pairs[x0 + ODD + quad + 1]).reinterpretAsShorts()))
                        .add(FloatVector.broadcast(F, pairs[x0 + START + quad + 1]).reinterpretAsShorts()).reinterpretAsInts();
                total0 = total0.add(p1a);
                high0 = high0.add(p1a.lanewise(ASHR, 16));
                final IntVector p1b = v1.mul(FloatVector.broadcast(F, pairs[x1 + quad + 1]).reinterpretAsShorts())
                        .add(odd1.mul(FloatVector.broadcast(F, pairs[x1 + ODD + quad + 1]).reinterpretAsShorts()))
                        .add(FloatVector.broadcast(F, pairs[x1 + START + quad + 1]).reinterpretAsShorts()).reinterpretAsInts();
                total1 = total1.add(p1b);
                high1 = high1.add(p1b.lanewise(ASHR, 16));
            }
            final FloatVector scale = ((IntVector) ShortVector.fromMemorySegment(H, w, at - lane * 2L + ScaleKernels.INT8S_BYTES, LITTLE_ENDIAN)
                    .convertShape(VectorOperators.S2I, I, 0)).lanewise(LSHL, Half.SHIFT).and(Half.MASK).reinterpretAsFloats()
                    .mul(Half.REBIAS);
            ((FloatVector) total0.add(high0).sub(high0.lanewise(LSHL, 16)).sub(BIASES).convert(I2F, 0))
                    .fma(scale.mul(scales[s0 + block]), FloatVector.fromArray(F, y, y0)).intoArray(y, y0);
            ((FloatVector) total1.add(high1).sub(high1.lanewise(LSHL, 16)).sub(BIASES).convert(I2F, 0))
                    .fma(scale.mul(scales[s1 + block]), FloatVector.fromArray(F, y, y1)).intoArray(y, y1);
        }
    }
}
