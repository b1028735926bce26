package io.spillway.node.cpu;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.B2I;
import static jdk.incubator.vector.VectorOperators.LSHL;
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
 * One row by four vectors of outputs straight from stored weights: what decoding alone is made of, and bounded by memory.
 * The sums are those of {@link RegisterTiles} over expanded weights, bit for bit. Stateless. Conversions are written out where they are used:
 * a method of ours that was compiled by itself first may not be inlined, and then vectors go through the heap.
 */
final class SingleRowKernels {
    private static final VectorSpecies<Float> F = VectorWidth.FLOATS;
    private static final VectorSpecies<Integer> I = PairProducts.I;
    private static final VectorSpecies<Short> H = PairProducts.H;
    private static final VectorSpecies<Byte> B = ExpandKernels.B;
    private static final int LANES = F.length();
    private static final int PANEL = DType.PANEL_ROWS;
    private static final int F8_COLUMNS = DType.F8.blockColumns();

    private SingleRowKernels() {
    }

    /** Adds the products of one row with 64 outputs. @param t weights in {@code dtype}, at a panel's first byte */
    static void strip(final Tile t, final DType dtype, final int columns) {
        for (int column = 0; column < columns; column += 4 * LANES) {
            switch (dtype) {
                case F32 -> RegisterTiles.rows1x4(t, 0, column);
                case F16 -> halves(t, column);
                case BF16 -> brains(t, column);
                case F8 -> eights(t, column);
                default -> throw new IllegalStateException(dtype + " is not expanded");
            }
        }
    }

    /** @return byte offset of the weight that meets the first input, for that output */
    static long offset(final Tile t, final int column, final int elementBytes) {
        return t.weightsOffset + column / PANEL * t.panelStrideBytes + (long) (column % PANEL) * elementBytes;
    }

    private static void halves(final Tile t, final int column) {
        final MemorySegment w = t.weights;
        final long w0 = offset(t, column, 2);
        final long w1 = offset(t, column + LANES, 2);
        final long w2 = offset(t, column + 2 * LANES, 2);
        final long w3 = offset(t, column + 3 * LANES, 2);
        final int y = t.yOffset + column;
        FloatVector s0 = FloatVector.fromArray(F, t.y, y);
        FloatVector s1 = FloatVector.fromArray(F, t.y, y + LANES);
        FloatVector s2 = FloatVector.fromArray(F, t.y, y + 2 * LANES);
        FloatVector s3 = FloatVector.fromArray(F, t.y, y + 3 * LANES);
        for (int k = 0; k < t.depth; k++) {
            final long at = k * (PANEL * 2L);
            final FloatVector a = FloatVector.broadcast(F, t.x[t.xOffset + k]);
            s0 = a.fma(((IntVector) ShortVector.fromMemorySegment(H, w, w0 + at, LITTLE_ENDIAN).convertShape(S2I, I, 0))
                    .lanewise(LSHL, Half.SHIFT).and(Half.MASK).reinterpretAsFloats().mul(Half.REBIAS), s0);
            s1 = a.fma(((IntVector) ShortVector.fromMemorySegment(H, w, w1 + at, LITTLE_ENDIAN).convertShape(S2I, I, 0))
                    .lanewise(LSHL, Half.SHIFT).and(Half.MASK).reinterpretAsFloats().mul(Half.REBIAS), s1);
            s2 = a.fma(((IntVector) ShortVector.fromMemorySegment(H, w, w2 + at, LITTLE_ENDIAN).convertShape(S2I, I, 0))
                    .lanewise(LSHL, Half.SHIFT).and(Half.MASK).reinterpretAsFloats().mul(Half.REBIAS), s2);
            s3 = a.fma(((IntVector) ShortVector.fromMemorySegment(H, w, w3 + at, LITTLE_ENDIAN).convertShape(S2I, I, 0))
                    .lanewise(LSHL, Half.SHIFT).and(Half.MASK).reinterpretAsFloats().mul(Half.REBIAS), s3);
        }
        s0.intoArray(t.y, y);
        s1.intoArray(t.y, y + LANES);
        s2.intoArray(t.y, y + 2 * LANES);
        s3.intoArray(t.y, y + 3 * LANES);
    }

    private static void brains(final Tile t, final int column) {
        final MemorySegment w = t.weights;
        final long w0 = offset(t, column, 2);
        final long w1 = offset(t, column + LANES, 2);
        final long w2 = offset(t, column + 2 * LANES, 2);
        final long w3 = offset(t, column + 3 * LANES, 2);
        final int y = t.yOffset + column;
        FloatVector s0 = FloatVector.fromArray(F, t.y, y);
        FloatVector s1 = FloatVector.fromArray(F, t.y, y + LANES);
        FloatVector s2 = FloatVector.fromArray(F, t.y, y + 2 * LANES);
        FloatVector s3 = FloatVector.fromArray(F, t.y, y + 3 * LANES);
        for (int k = 0; k < t.depth; k++) {
            final long at = k * (PANEL * 2L);
            final FloatVector a = FloatVector.broadcast(F, t.x[t.xOffset + k]);
            s0 = a.fma(((IntVector) ShortVector.fromMemorySegment(H, w, w0 + at, LITTLE_ENDIAN).convertShape(S2I, I, 0))
                    .lanewise(LSHL, Short.SIZE).reinterpretAsFloats(), s0);
            s1 = a.fma(((IntVector) ShortVector.fromMemorySegment(H, w, w1 + at, LITTLE_ENDIAN).convertShape(S2I, I, 0))
                    .lanewise(LSHL, Short.SIZE).reinterpretAsFloats(), s1);
            s2 = a.fma(((IntVector) ShortVector.fromMemorySegment(H, w, w2 + at, LITTLE_ENDIAN).convertShape(S2I, I, 0))
                    .lanewise(LSHL, Short.SIZE).reinterpretAsFloats(), s2);
            s3 = a.fma(((IntVector) ShortVector.fromMemorySegment(H, w, w3 + at, LITTLE_ENDIAN).convertShape(S2I, I, 0))
                    .lanewise(LSHL, Short.SIZE).reinterpretAsFloats(), s3);
        }
        s0.intoArray(t.y, y);
        s1.intoArray(t.y, y + LANES);
        s2.intoArray(t.y, y + 2 * LANES);
        s3.intoArray(t.y, y + 3 * LANES);
    }

    /** Blocks of 32 columns, each with its own scales; sums rest in {@code y} between blocks. */
    private static void eights(final Tile t, final int column) {
        for (int block = 0; block < t.depth / F8_COLUMNS; block++) {
            eights(t, column, block);
        }
    }

    private static void eights(final Tile t, final int column, final int block) {
        final MemorySegment w = t.weights;
        final long at = block * (long) DType.F8.panelBlockBytes();
        final long w0 = offset(t, column, 1) + at;
        final long w1 = offset(t, column + LANES, 1) + at;
        final long w2 = offset(t, column + 2 * LANES, 1) + at;
        final long w3 = offset(t, column + 3 * LANES, 1) + at;
        final FloatVector scale0 = FloatVector.fromMemorySegment(F, w, scales(t, column) + at, LITTLE_ENDIAN);
        final FloatVector scale1 = FloatVector.fromMemorySegment(F, w, scales(t, column + LANES) + at, LITTLE_ENDIAN);
        final FloatVector scale2 = FloatVector.fromMemorySegment(F, w, scales(t, column + 2 * LANES) + at, LITTLE_ENDIAN);
        final FloatVector scale3 = FloatVector.fromMemorySegment(F, w, scales(t, column + 3 * LANES) + at, LITTLE_ENDIAN);
        final int x = t.xOffset + block * F8_COLUMNS;
        final int y = t.yOffset + column;
        FloatVector s0 = FloatVector.fromArray(F, t.y, y);
        FloatVector s1 = FloatVector.fromArray(F, t.y, y + LANES);
        FloatVector s2 = FloatVector.fromArray(F, t.y, y + 2 * LANES);
        FloatVector s3 = FloatVector.fromArray(F, t.y, y + 3 * LANES);
        for (int k = 0; k < F8_COLUMNS; k++) {
            final FloatVector a = FloatVector.broadcast(F, t.x[x + k]);
            s0 = a.fma(((IntVector) ByteVector.fromMemorySegment(B, w, w0 + k * PANEL, LITTLE_ENDIAN).convertShape(B2I, I, 0))
                    .lanewise(LSHL, ExpandKernels.F8_SHIFT).and(ExpandKernels.F8_MASK).reinterpretAsFloats().mul(ExpandKernels.F8_REBIAS)
                    .mul(scale0), s0);
            s1 = a.fma(((IntVector) ByteVector.fromMemorySegment(B, w, w1 + k * PANEL, LITTLE_ENDIAN).convertShape(B2I, I, 0))
                    .lanewise(LSHL, ExpandKernels.F8_SHIFT).and(ExpandKernels.F8_MASK).reinterpretAsFloats().mul(ExpandKernels.F8_REBIAS)
                    .mul(scale1), s1);
            s2 = a.fma(((IntVector) ByteVector.fromMemorySegment(B, w, w2 + k * PANEL, LITTLE_ENDIAN).convertShape(B2I, I, 0))
                    .lanewise(LSHL, ExpandKernels.F8_SHIFT).and(ExpandKernels.F8_MASK).reinterpretAsFloats().mul(ExpandKernels.F8_REBIAS)
                    .mul(scale2), s2);
            s3 = a.fma(((IntVector) ByteVector.fromMemorySegment(B, w, w3 + k * PANEL, LITTLE_ENDIAN).convertShape(B2I, I, 0))
                    .lanewise(LSHL, ExpandKernels.F8_SHIFT).and(ExpandKernels.F8_MASK).reinterpretAsFloats().mul(ExpandKernels.F8_REBIAS)
                    .mul(scale3), s3);
        }
        s0.intoArray(t.y, y);
        s1.intoArray(t.y, y + LANES);
        s2.intoArray(t.y, y + 2 * LANES);
        s3.intoArray(t.y, y + 3 * LANES);
    }

    private static long scales(final Tile t, final int column) {
        return t.weightsOffset + column / PANEL * t.panelStrideBytes + F8_COLUMNS * PANEL + column % PANEL * 4L;
    }
}
