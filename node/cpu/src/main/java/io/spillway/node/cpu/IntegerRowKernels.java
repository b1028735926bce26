package io.spillway.node.cpu;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;

import io.spillway.node.compute.DType;
import io.spillway.node.compute.Half;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * One row of rounded activations by one panel of integer weights, from the first column to the last: what decoding is
 * made of. Alone it is bounded by memory; further rows find the panel in a cache. One method per format, so that scales are read where they stand; {@link PairProducts} says
 * how integers are multiplied.
 *
 * <p>Written out: the compiler inlines the Vector API's own methods without limit, any others only up to a budget, beyond
 * which vectors go through the heap. Sums rest in memory between blocks for the same reason: vectors that are carried around an
 * inner loop may end up on the heap. Stateless.
 */
final class IntegerRowKernels {
    private static final VectorSpecies<Float> F = PairProducts.F;
    private static final VectorSpecies<Integer> I = PairProducts.I;
    private static final VectorSpecies<Short> S = PairProducts.S;
    private static final VectorSpecies<Short> H = PairProducts.H;
    private static final VectorSpecies<Byte> B = ExpandKernels.B;
    private static final int LANES = PairProducts.LANES;
    /** From the scales of a Q4_K block's head to its minima. */
    private static final long MINIMA = DType.PANEL_ROWS * (long) Short.BYTES;
    private static final int PANEL = DType.PANEL_ROWS;
    private static final int PAIRS = RoundedRows.BLOCK_PAIRS;
    private static final int ODD = PairProducts.ODD;
    private static final int UPPER = PairProducts.UPPER;
    private static final int SUMS = RoundedRows.BLOCK_SUMS;
    private static final long QUAD = PairProducts.QUAD_BYTES;
    /** From the first half of a block of int8 to the second. */
    private static final long HALF = 4 * QUAD;
    private static final int Q8_0_BYTES = DType.Q8_0.panelBlockBytes();
    private static final int Q4_0_BYTES = DType.Q4_0.panelBlockBytes();
    private static final int Q4_M_BYTES = DType.Q4_M.panelBlockBytes();
    private static final int Q8_G_BYTES = DType.Q8_G.panelBlockBytes();
    private static final int Q8_M_BYTES = DType.Q8_M.panelBlockBytes();
    private static final int Q4_K_PARTS = DType.Q4_K.blockColumns() / DType.Q4_K.groupColumns();

    private IntegerRowKernels() {
    }

    /** Writes 16 outputs of the tile's first row. */
    static void panel(final IntegerTile t) {
        for (int lane = 0; lane < PANEL; lane += LANES) {
            switch (t.dtype) {
                case Q8_0 -> q80(t, lane);
                case Q4_0 -> q40(t, lane);
                case Q4_K -> q4k(t, lane);
                case Q4_M -> q4m(t, lane);
                case Q8_G -> q8g(t, lane);
                case Q8_M -> q8m(t, lane);
                case Q6_K -> SixRowKernels.panel(t, lane);
                default -> throw new IllegalStateException(t.dtype + " holds no integers");
            }
        }
    }

    private static void q80(final IntegerTile t, final int lane) {
        final MemorySegment w = t.weights;
        final float[] pairs = t.x.pairs;
        final float[] scales = t.x.scales;
        final int x0 = t.firstRow * t.x.pairStride();
        final int s0 = t.firstRow * t.x.scaleStride();
        final int blocks = t.x.scaleStride();
        final long w0 = t.panelOffset + lane * 4L;
        final float[] y = t.y;
        final int y0 = t.yOffset + lane;
        FloatVector.zero(F).intoArray(y, y0);
        for (int block = 0; block < blocks; block++) {
            final long at = w0 + block * (long) Q8_0_BYTES;
            final int x = x0 + block * PAIRS;
            IntVector low = IntVector.zero(I);
            IntVector high = IntVector.zero(I);
            for (int quad = 0; quad < 4; quad++) {
                final ShortVector a = ShortVector.fromMemorySegment(S, w, at + quad * QUAD, LITTLE_ENDIAN);
                final IntVector aSums = a.lanewise(LSHL, 8).lanewise(ASHR, 8).mul(FloatVector.broadcast(F, pairs[x + quad]).reinterpretAsShorts())
                        .add(a.lanewise(ASHR, 8).mul(FloatVector.broadcast(F, pairs[x + quad + ODD]).reinterpretAsShorts())).reinterpretAsInts();
                low = low.add(aSums.lanewise(LSHL, 16).lanewise(ASHR, 16)).add(aSums.lanewise(ASHR, 16));
                final ShortVector b = ShortVector.fromMemorySegment(S, w, at + HALF + quad * QUAD, LITTLE_ENDIAN);
                final IntVector bSums = b.lanewise(LSHL, 8).lanewise(ASHR, 8).mul(FloatVector.broadcast(F, pairs[x + 4 + quad]).reinterpretAsShorts())
                        .add(b.lanewise(ASHR, 8).mul(FloatVector.broadcast(F, pairs[x + 4 + quad + ODD]).reinterpretAsShorts())).reinterpretAsInts();
                high = high.add(bSums.lanewise(LSHL, 16).lanewise(ASHR, 16)).add(bSums.lanewise(ASHR, 16));
            }
            final FloatVector scale = ((IntVector) ShortVector.fromMemorySegment(H, w, at - lane * 2L + ScaleKernels.INT8S_BYTES, LITTLE_ENDIAN)
                    .convertShape(VectorOperators.S2I, I, 0)).lanewise(LSHL, Half.SHIFT).and(Half.MASK).reinterpretAsFloats()
                    .mul(Half.REBIAS).mul(scales[s0 + block]);
            FloatVector sum = ((FloatVector) low.add(high).convert(I2F, 0)).fma(scale, FloatVector.fromArray(F, y, y0));
            sum.intoArray(y, y0);
        }
    }

    private static void q8g(final IntegerTile t, final int lane) {
        final MemorySegment w = t.weights;
        final float[] pairs = t.x.pairs;
        final float[] scales = t.x.scales;
        final int x0 = t.firstRow * t.x.pairStride();
        final int s0 = t.firstRow * t.x.scaleStride();
        final int blocks = t.x.scaleStride();
        final long w0 = t.panelOffset + lane * 4L;
        final float[] y = t.y;
        final int y0 = t.yOffset + lane;
        FloatVector.zero(F).intoArray(y, y0);
        for (int block = 0; block < blocks; block++) {
            final long at = w0 + block * (long) Q8_G_BYTES;
            final int x = x0 + block * PAIRS;
            IntVector low = IntVector.zero(I);
            IntVector high = IntVector.zero(I);
            for (int quad = 0; quad < 4; quad++) {
                final ShortVector a = ShortVector.fromMemorySegment(S, w, at + quad * QUAD, LITTLE_ENDIAN);
                final IntVector aSums = a.lanewise(LSHL, 8).lanewise(ASHR, 8).mul(FloatVector.broadcast(F, pairs[x + quad]).reinterpretAsShorts())
                        .add(a.lanewise(ASHR, 8).mul(FloatVector.broadcast(F, pairs[x + quad + ODD]).reinterpretAsShorts())).reinterpretAsInts();
                low = low.add(aSums.lanewise(LSHL, 16).lanewise(ASHR, 16)).add(aSums.lanewise(ASHR, 16));
                final ShortVector b = ShortVector.fromMemorySegment(S, w, at + HALF + quad * QUAD, LITTLE_ENDIAN);
                final IntVector bSums = b.lanewise(LSHL, 8).lanewise(ASHR, 8).mul(FloatVector.broadcast(F, pairs[x + 4 + quad]).reinterpretAsShorts())
                        .add(b.lanewise(ASHR, 8).mul(FloatVector.broadcast(F, pairs[x + 4 + quad + ODD]).reinterpretAsShorts())).reinterpretAsInts();
                high = high.add(bSums.lanewise(LSHL, 16).lanewise(ASHR, 16)).add(bSums.lanewise(ASHR, 16));
            }
            final long scale = at + ScaleKernels.INT8S_BYTES;
            FloatVector sum = ((FloatVector) low.convert(I2F, 0)).fma(FloatVector.fromMemorySegment(F, w, scale, LITTLE_ENDIAN).mul(scales[s0 + block]), FloatVector.fromArray(F, y, y0));
            sum = ((FloatVector) high.convert(I2F, 0)).fma(FloatVector.fromMemorySegment(F, w, scale + ScaleKernels.ROW_BYTES, LITTLE_ENDIAN).mul(scales[s0 + block]), sum);
            sum.intoArray(y, y0);
        }
    }

    private static void q8m(final IntegerTile t, final int lane) {
        final MemorySegment w = t.weights;
        final float[] pairs = t.x.pairs;
        final float[] scales = t.x.scales;
        final int[] sums = t.x.sums;
        final int x0 = t.firstRow * t.x.pairStride();
        final int s0 = t.firstRow * t.x.scaleStride();
        final int sums0 = t.firstRow * t.x.sumStride();
        final int blocks = t.x.scaleStride();
        final long w0 = t.panelOffset + lane * 4L;
        final float[] y = t.y;
        final int y0 = t.yOffset + lane;
        FloatVector.zero(F).intoArray(y, y0);
        for (int block = 0; block < blocks; block++) {
            final long at = w0 + block * (long) Q8_M_BYTES;
            final int x = x0 + block * PAIRS;
            IntVector low = IntVector.zero(I);
            IntVector high = IntVector.zero(I);
            for (int quad = 0; quad < 4; quad++) {
                final ShortVector a = ShortVector.fromMemorySegment(S, w, at + quad * QUAD, LITTLE_ENDIAN);
                final IntVector aSums = a.lanewise(LSHL, 8).lanewise(ASHR, 8).mul(FloatVector.broadcast(F, pairs[x + quad]).reinterpretAsShorts())
                        .add(a.lanewise(ASHR, 8).mul(FloatVector.broadcast(F, pairs[x + quad + ODD]).reinterpretAsShorts())).reinterpretAsInts();
                low = low.add(aSums.lanewise(LSHL, 16).lanewise(ASHR, 16)).add(aSums.lanewise(ASHR, 16));
                final ShortVector b = ShortVector.fromMemorySegment(S, w, at + HALF + quad * QUAD, LITTLE_ENDIAN);
                final IntVector bSums = b.lanewise(LSHL, 8).lanewise(ASHR, 8).mul(FloatVector.broadcast(F, pairs[x + 4 + quad]).reinterpretAsShorts())
                        .add(b.lanewise(ASHR, 8).mul(FloatVector.broadcast(F, pairs[x + 4 + quad + ODD]).reinterpretAsShorts())).reinterpretAsInts();
                high = high.add(bSums.lanewise(LSHL, 16).lanewise(ASHR, 16)).add(bSums.lanewise(ASHR, 16));
            }
            final long scale = at + ScaleKernels.INT8S_BYTES;
            final long minimum = scale + 2 * ScaleKernels.ROW_BYTES;
            FloatVector sum = ((FloatVector) low.convert(I2F, 0)).fma(FloatVector.fromMemorySegment(F, w, scale, LITTLE_ENDIAN).mul(scales[s0 + block]), FloatVector.fromArray(F, y, y0));
            sum = FloatVector.fromMemorySegment(F, w, minimum, LITTLE_ENDIAN).mul(scales[s0 + block])
                    .fma(FloatVector.broadcast(F, -(float) sums[sums0 + SUMS * block]), sum);
            sum = ((FloatVector) high.convert(I2F, 0)).fma(FloatVector.fromMemorySegment(F, w, scale + ScaleKernels.ROW_BYTES, LITTLE_ENDIAN).mul(scales[s0 + block]), sum);
            sum = FloatVector.fromMemorySegment(F, w, minimum + ScaleKernels.ROW_BYTES, LITTLE_ENDIAN).mul(scales[s0 + block])
                    .fma(FloatVector.broadcast(F, -(float) sums[sums0 + SUMS * block + 1]), sum);
            sum.intoArray(y, y0);
        }
    }

    private static void q40(final IntegerTile t, final int lane) {
        final MemorySegment w = t.weights;
        final float[] pairs = t.x.nibblePairs;
        final float[] scales = t.x.scales;
        final int x0 = t.firstRow * t.x.pairStride();
        final int s0 = t.firstRow * t.x.scaleStride();
        final int blocks = t.x.scaleStride();
        final long w0 = t.panelOffset + lane * 4L;
        final float[] y = t.y;
        final int y0 = t.yOffset + lane;
        FloatVector.zero(F).intoArray(y, y0);
        for (int block = 0; block < blocks; block++) {
            final long at = w0 + block * (long) Q4_0_BYTES;
            final int x = x0 + block * PAIRS;
            ShortVector halves = IntVector.broadcast(I, t.x.starts[s0 + block]).reinterpretAsShorts();
            for (int quad = 0; quad < 4; quad++) {
                final ShortVector a = ShortVector.fromMemorySegment(S, w, at + quad * QUAD, LITTLE_ENDIAN);
                halves = halves.add(a.mul(FloatVector.broadcast(F, pairs[x + quad]).reinterpretAsShorts()))
                        .add(a.lanewise(LSHR, 4).mul(FloatVector.broadcast(F, pairs[x + quad + UPPER]).reinterpretAsShorts()))
                        .add(a.lanewise(LSHR, 8).mul(FloatVector.broadcast(F, pairs[x + quad + ODD]).reinterpretAsShorts()))
                        .add(a.lanewise(LSHR, 12).mul(FloatVector.broadcast(F, pairs[x + quad + ODD + UPPER]).reinterpretAsShorts()));
            }
            final IntVector both = halves.reinterpretAsInts();
            final IntVector products = both.lanewise(LSHL, 16).lanewise(ASHR, 16).add(both.lanewise(ASHR, 16));
            final FloatVector scale = ((IntVector) ShortVector.fromMemorySegment(H, w, at - lane * 2L + ScaleKernels.NIBBLES_BYTES, LITTLE_ENDIAN)
                    .convertShape(VectorOperators.S2I, I, 0)).lanewise(LSHL, Half.SHIFT).and(Half.MASK).reinterpretAsFloats()
                    .mul(Half.REBIAS).mul(scales[s0 + block]);
            FloatVector sum = ((FloatVector) products.convert(I2F, 0)).fma(scale, FloatVector.fromArray(F, y, y0));
            sum.intoArray(y, y0);
        }
    }

    private static void q4m(final IntegerTile t, final int lane) {
        final MemorySegment w = t.weights;
        final float[] pairs = t.x.nibblePairs;
        final float[] scales = t.x.scales;
        final int[] sums = t.x.sums;
        final int x0 = t.firstRow * t.x.pairStride();
        final int s0 = t.firstRow * t.x.scaleStride();
        final int sums0 = t.firstRow * t.x.sumStride();
        final int blocks = t.x.scaleStride();
        final long w0 = t.panelOffset + lane * 4L;
        final float[] y = t.y;
        final int y0 = t.yOffset + lane;
        FloatVector.zero(F).intoArray(y, y0);
        for (int block = 0; block < blocks; block++) {
            final long at = w0 + block * (long) Q4_M_BYTES;
            final int x = x0 + block * PAIRS;
            ShortVector halves = ShortVector.zero(S);
            for (int quad = 0; quad < 4; quad++) {
                final ShortVector a = ShortVector.fromMemorySegment(S, w, at + quad * QUAD, LITTLE_ENDIAN);
                halves = halves.add(a.mul(FloatVector.broadcast(F, pairs[x + quad]).reinterpretAsShorts()))
                        .add(a.lanewise(LSHR, 4).mul(FloatVector.broadcast(F, pairs[x + quad + UPPER]).reinterpretAsShorts()))
                        .add(a.lanewise(LSHR, 8).mul(FloatVector.broadcast(F, pairs[x + quad + ODD]).reinterpretAsShorts()))
                        .add(a.lanewise(LSHR, 12).mul(FloatVector.broadcast(F, pairs[x + quad + ODD + UPPER]).reinterpretAsShorts()));
            }
            final IntVector both = halves.reinterpretAsInts();
            final IntVector products = both.lanewise(LSHL, 16).lanewise(ASHR, 16).add(both.lanewise(ASHR, 16));
            final long scale = at + ScaleKernels.NIBBLES_BYTES;
            FloatVector sum = ((FloatVector) products.convert(I2F, 0)).fma(FloatVector.fromMemorySegment(F, w, scale, LITTLE_ENDIAN).mul(scales[s0 + block]), FloatVector.fromArray(F, y, y0));
            sum = FloatVector.fromMemorySegment(F, w, scale + ScaleKernels.ROW_BYTES, LITTLE_ENDIAN).mul(scales[s0 + block])
                    .fma(FloatVector.broadcast(F, -(float) sums[sums0 + SUMS * block + 2]), sum);
            sum.intoArray(y, y0);
        }
    }

    private static void q4k(final IntegerTile t, final int lane) {
        FloatVector.zero(F).intoArray(t.y, t.yOffset + lane);
        for (t.fromGroup = 0; t.fromGroup < t.x.scaleStride(); t.fromGroup = t.toGroup) {
            t.toGroup = t.fromGroup + Q4_K_PARTS;
            if (LANES < 8) {
                ScaleKernels.expand(t);
                narrowSuperBlock(t, lane);
            } else {
                superBlock(t, lane);
            }
        }
    }

    private static void superBlock(final IntegerTile t, final int lane) {
        final MemorySegment w = t.weights;
        final float[] pairs = t.x.nibblePairs;
        final float[] scales = t.x.scales;
        final int[] sums = t.x.sums;
        final int x0 = t.firstRow * t.x.pairStride() + t.fromGroup * PAIRS;
        final int s0 = t.firstRow * t.x.scaleStride() + t.fromGroup;
        final int sums0 = t.firstRow * t.x.sumStride() + SUMS * t.fromGroup;
        final long w0 = t.groupOffset(t.fromGroup) + lane * 4L;
        final long head = t.groupOffset(t.fromGroup) - ScaleKernels.Q4_K_HEAD_BYTES + lane * 2L;
        final float[] y = t.y;
        final int y0 = t.yOffset + lane;
        for (int block = 0; block < Q4_K_PARTS; block++) {
            final long at = w0 + block * (long) ScaleKernels.Q4_K_PART_BYTES;
            final int x = x0 + block * PAIRS;
            ShortVector halves = ShortVector.zero(S);
            for (int quad = 0; quad < 4; quad++) {
                final ShortVector a = ShortVector.fromMemorySegment(S, w, at + quad * QUAD, LITTLE_ENDIAN);
                halves = halves.add(a.mul(FloatVector.broadcast(F, pairs[x + quad]).reinterpretAsShorts()))
                        .add(a.lanewise(LSHR, 4).mul(FloatVector.broadcast(F, pairs[x + quad + UPPER]).reinterpretAsShorts()))
                        .add(a.lanewise(LSHR, 8).mul(FloatVector.broadcast(F, pairs[x + quad + ODD]).reinterpretAsShorts()))
                        .add(a.lanewise(LSHR, 12).mul(FloatVector.broadcast(F, pairs[x + quad + ODD + UPPER]).reinterpretAsShorts()));
            }
            final IntVector both = halves.reinterpretAsInts();
            final IntVector products = both.lanewise(LSHL, 16).lanewise(ASHR, 16).add(both.lanewise(ASHR, 16));
            final long codes = at + ScaleKernels.NIBBLES_BYTES - lane * 3L;
            final FloatVector scale = ((IntVector) ShortVector.fromMemorySegment(H, w, head, LITTLE_ENDIAN)
                    .convertShape(VectorOperators.S2I, I, 0)).lanewise(LSHL, Half.SHIFT).and(Half.MASK).reinterpretAsFloats().mul(Half.REBIAS)
                    .mul((FloatVector) ((IntVector) ByteVector.fromMemorySegment(B, w, codes, LITTLE_ENDIAN)
                            .convertShape(VectorOperators.B2I, I, 0)).and(0xFF).convert(I2F, 0));
            FloatVector sum = ((FloatVector) products.convert(I2F, 0)).fma(scale.mul(scales[s0 + block]), FloatVector.fromArray(F, y, y0));
            final FloatVector minimum = ((IntVector) ShortVector.fromMemorySegment(H, w, head + MINIMA, LITTLE_ENDIAN)
                    .convertShape(VectorOperators.S2I, I, 0)).lanewise(LSHL, Half.SHIFT).and(Half.MASK).reinterpretAsFloats().mul(Half.REBIAS)
                    .mul((FloatVector) ((IntVector) ByteVector.fromMemorySegment(B, w, codes + PANEL, LITTLE_ENDIAN)
                            .convertShape(VectorOperators.B2I, I, 0)).and(0xFF).convert(I2F, 0));
            sum = minimum.mul(scales[s0 + block]).fma(FloatVector.broadcast(F, -(float) sums[sums0 + SUMS * block + 2]), sum);
            sum.intoArray(y, y0);
        }
    }

    /** For vectors of four lanes: there is no shape for four bytes, so scales have been expanded before. */
    private static void narrowSuperBlock(final IntegerTile t, final int lane) {
        final MemorySegment w = t.weights;
        final float[] pairs = t.x.nibblePairs;
        final float[] scales = t.x.scales;
        final int[] sums = t.x.sums;
        final int x0 = t.firstRow * t.x.pairStride() + t.fromGroup * PAIRS;
        final int s0 = t.firstRow * t.x.scaleStride() + t.fromGroup;
        final int sums0 = t.firstRow * t.x.sumStride() + SUMS * t.fromGroup;
        final long w0 = t.groupOffset(t.fromGroup) + lane * 4L;
        final float[] y = t.y;
        final int y0 = t.yOffset + lane;
        for (int block = 0; block < Q4_K_PARTS; block++) {
            final long at = w0 + block * (long) ScaleKernels.Q4_K_PART_BYTES;
            final int x = x0 + block * PAIRS;
            ShortVector halves = ShortVector.zero(S);
            for (int quad = 0; quad < 4; quad++) {
                final ShortVector a = ShortVector.fromMemorySegment(S, w, at + quad * QUAD, LITTLE_ENDIAN);
                halves = halves.add(a.mul(FloatVector.broadcast(F, pairs[x + quad]).reinterpretAsShorts()))
                        .add(a.lanewise(LSHR, 4).mul(FloatVector.broadcast(F, pairs[x + quad + UPPER]).reinterpretAsShorts()))
                        .add(a.lanewise(LSHR, 8).mul(FloatVector.broadcast(F, pairs[x + quad + ODD]).reinterpretAsShorts()))
                        .add(a.lanewise(LSHR, 12).mul(FloatVector.broadcast(F, pairs[x + quad + ODD + UPPER]).reinterpretAsShorts()));
            }
            final IntVector both = halves.reinterpretAsInts();
            final IntVector products = both.lanewise(LSHL, 16).lanewise(ASHR, 16).add(both.lanewise(ASHR, 16));
            FloatVector sum = ((FloatVector) products.convert(I2F, 0))
                    .fma(FloatVector.fromArray(F, t.scales, block * PANEL + lane).mul(scales[s0 + block]), FloatVector.fromArray(F, y, y0));
            sum = FloatVector.fromArray(F, t.minima, block * PANEL + lane).mul(scales[s0 + block])
                    .fma(FloatVector.broadcast(F, -(float) sums[sums0 + SUMS * block + 2]), sum);
            sum.intoArray(y, y0);
        }
    }
}
