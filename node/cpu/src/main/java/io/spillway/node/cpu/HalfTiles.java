package io.spillway.node.cpu;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.S2I;

import io.spillway.node.compute.DType;
import io.spillway.node.compute.Half;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link RegisterTiles} that read F16 weights and convert them in registers: for a handful of rows, which meet each weight
 * once, so that expanding it to memory first would cost more than it saves. The same sums, bit for bit. Stateless. Conversions are written out where they are used:
 * a method of ours that was compiled by itself first may not be inlined, and then vectors go through the heap.
 */
final class HalfTiles {
    /** Rows up to which this beats expanded weights: one register tile. */
    static final int ROWS_MAX = 8;

    private static final VectorSpecies<Float> F = VectorWidth.FLOATS;
    private static final VectorSpecies<Integer> I = PairProducts.I;
    private static final VectorSpecies<Short> H = PairProducts.H;
    private static final int LANES = F.length();
    private static final long DEPTH_STRIDE_BYTES = DType.PANEL_ROWS * (long) Short.BYTES;

    private HalfTiles() {
    }

    /** Adds the products of up to 8 rows with {@code columns} outputs, a multiple of 64. Moves the tile's offsets. */
    static void run(final Tile t, final int rows, final int columns) {
        int row = 0;
        for (int tile = ROWS_MAX; tile > 1; tile /= 2) {
            if ((rows & tile) != 0) {
                for (int column = 0; column < columns; column += 2 * LANES) {
                    tile(t, tile, row, column);
                }
                row += tile;
            }
        }
        if (row < rows) {
            t.xOffset += row * t.xStride;
            t.yOffset += row * t.yStride;
            SingleRowKernels.strip(t, DType.F16, columns);
        }
    }

    private static void tile(final Tile t, final int rows, final int row, final int column) {
        switch (rows) {
            case 8 -> rows8(t, row, column);
            case 4 -> rows4(t, row, column);
            default -> rows2(t, row, column);
        }
    }

    private static void rows8(final Tile t, final int row, final int column) {
        final MemorySegment w = t.weights;
        final long w0 = SingleRowKernels.offset(t, column, Short.BYTES);
        final long w1 = SingleRowKernels.offset(t, column + LANES, Short.BYTES);
        final float[] x = t.x;
        final float[] y = t.y;
        final int x0 = t.xOffset + row * t.xStride;
        final int x1 = x0 + t.xStride;
        final int x2 = x1 + t.xStride;
        final int x3 = x2 + t.xStride;
        final int x4 = x3 + t.xStride;
        final int x5 = x4 + t.xStride;
        final int x6 = x5 + t.xStride;
        final int x7 = x6 + t.xStride;
        final int y0 = t.yOffset + row * t.yStride + column;
        final int y1 = y0 + t.yStride;
        final int y2 = y1 + t.yStride;
        final int y3 = y2 + t.yStride;
        final int y4 = y3 + t.yStride;
        final int y5 = y4 + t.yStride;
        final int y6 = y5 + t.yStride;
        final int y7 = y6 + t.yStride;
        FloatVector s00 = FloatVector.fromArray(F, y, y0);
        FloatVector s01 = FloatVector.fromArray(F, y, y0 + LANES);
        FloatVector s10 = FloatVector.fromArray(F, y, y1);
        FloatVector s11 = FloatVector.fromArray(F, y, y1 + LANES);
        FloatVector s20 = FloatVector.fromArray(F, y, y2);
        FloatVector s21 = FloatVector.fromArray(F, y, y2 + LANES);
        FloatVector s30 = FloatVector.fromArray(F, y, y3);
        FloatVector s31 = FloatVector.fromArray(F, y, y3 + LANES);
        FloatVector s40 = FloatVector.fromArray(F, y, y4);
        FloatVector s41 = FloatVector.fromArray(F, y, y4 + LANES);
        FloatVector s50 = FloatVector.fromArray(F, y, y5);
        FloatVector s51 = FloatVector.fromArray(F, y, y5 + LANES);
        FloatVector s60 = FloatVector.fromArray(F, y, y6);
        FloatVector s61 = FloatVector.fromArray(F, y, y6 + LANES);
        FloatVector s70 = FloatVector.fromArray(F, y, y7);
        FloatVector s71 = FloatVector.fromArray(F, y, y7 + LANES);
        for (int k = 0; k < t.depth; k++) {
            final long at = k * DEPTH_STRIDE_BYTES;
            final FloatVector b0 = ((IntVector) ShortVector.fromMemorySegment(H, w, w0 + at, LITTLE_ENDIAN).convertShape(S2I, I, 0))
                    .lanewise(LSHL, Half.SHIFT).and(Half.MASK).reinterpretAsFloats().mul(Half.REBIAS);
            final FloatVector b1 = ((IntVector) ShortVector.fromMemorySegment(H, w, w1 + at, LITTLE_ENDIAN).convertShape(S2I, I, 0))
                    .lanewise(LSHL, Half.SHIFT).and(Half.MASK).reinterpretAsFloats().mul(Half.REBIAS);
            final FloatVector a0 = FloatVector.broadcast(F, x[x0 + k]);
            s00 = a0.fma(b0, s00);
            s01 = a0.fma(b1, s01);
            final FloatVector a1 = FloatVector.broadcast(F, x[x1 + k]);
            s10 = a1.fma(b0, s10);
            s11 = a1.fma(b1, s11);
            final FloatVector a2 = FloatVector.broadcast(F, x[x2 + k]);
            s20 = a2.fma(b0, s20);
            s21 = a2.fma(b1, s21);
            final FloatVector a3 = FloatVector.broadcast(F, x[x3 + k]);
            s30 = a3.fma(b0, s30);
            s31 = a3.fma(b1, s31);
            final FloatVector a4 = FloatVector.broadcast(F, x[x4 + k]);
            s40 = a4.fma(b0, s40);
            s41 = a4.fma(b1, s41);
            final FloatVector a5 = FloatVector.broadcast(F, x[x5 + k]);
            s50 = a5.fma(b0, s50);
            s51 = a5.fma(b1, s51);
            final FloatVector a6 = FloatVector.broadcast(F, x[x6 + k]);
            s60 = a6.fma(b0, s60);
            s61 = a6.fma(b1, s61);
            final FloatVector a7 = FloatVector.broadcast(F, x[x7 + k]);
            s70 = a7.fma(b0, s70);
            s71 = a7.fma(b1, s71);
        }
        s00.intoArray(y, y0);
        s01.intoArray(y, y0 + LANES);
        s10.intoArray(y, y1);
        s11.intoArray(y, y1 + LANES);
        s20.intoArray(y, y2);
        s21.intoArray(y, y2 + LANES);
        s30.intoArray(y, y3);
        s31.intoArray(y, y3 + LANES);
        s40.intoArray(y, y4);
        s41.intoArray(y, y4 + LANES);
        s50.intoArray(y, y5);
        s51.intoArray(y, y5 + LANES);
        s60.intoArray(y, y6);
        s61.intoArray(y, y6 + LANES);
        s70.intoArray(y, y7);
        s71.intoArray(y, y7 + LANES);
    }

    private static void rows4(final Tile t, final int row, final int column) {
        final MemorySegment w = t.weights;
        final long w0 = SingleRowKernels.offset(t, column, Short.BYTES);
        final long w1 = SingleRowKernels.offset(t, column + LANES, Short.BYTES);
        final float[] x = t.x;
        final float[] y = t.y;
        final int x0 = t.xOffset + row * t.xStride;
        final int x1 = x0 + t.xStride;
        final int x2 = x1 + t.xStride;
        final int x3 = x2 + t.xStride;
        final int y0 = t.yOffset + row * t.yStride + column;
        final int y1 = y0 + t.yStride;
        final int y2 = y1 + t.yStride;
        final int y3 = y2 + t.yStride;
        FloatVector s00 = FloatVector.fromArray(F, y, y0);
        FloatVector s01 = FloatVector.fromArray(F, y, y0 + LANES);
        FloatVector s10 = FloatVector.fromArray(F, y, y1);
        FloatVector s11 = FloatVector.fromArray(F, y, y1 + LANES);
        FloatVector s20 = FloatVector.fromArray(F, y, y2);
        FloatVector s21 = FloatVector.fromArray(F, y, y2 + LANES);
        FloatVector s30 = FloatVector.fromArray(F, y, y3);
        FloatVector s31 = FloatVector.fromArray(F, y, y3 + LANES);
        for (int k = 0; k < t.depth; k++) {
            final long at = k * DEPTH_STRIDE_BYTES;
            final FloatVector b0 = ((IntVector) ShortVector.fromMemorySegment(H, w, w0 + at, LITTLE_ENDIAN).convertShape(S2I, I, 0))
                    .lanewise(LSHL, Half.SHIFT).and(Half.MASK).reinterpretAsFloats().mul(Half.REBIAS);
            final FloatVector b1 = ((IntVector) ShortVector.fromMemorySegment(H, w, w1 + at, LITTLE_ENDIAN).convertShape(S2I, I, 0))
                    .lanewise(LSHL, Half.SHIFT).and(Half.MASK).reinterpretAsFloats().mul(Half.REBIAS);
            final FloatVector a0 = FloatVector.broadcast(F, x[x0 + k]);
            s00 = a0.fma(b0, s00);
            s01 = a0.fma(b1, s01);
            final FloatVector a1 = FloatVector.broadcast(F, x[x1 + k]);
            s10 = a1.fma(b0, s10);
            s11 = a1.fma(b1, s11);
            final FloatVector a2 = FloatVector.broadcast(F, x[x2 + k]);
            s20 = a2.fma(b0, s20);
            s21 = a2.fma(b1, s21);
            final FloatVector a3 = FloatVector.broadcast(F, x[x3 + k]);
            s30 = a3.fma(b0, s30);
            s31 = a3.fma(b1, s31);
        }
        s00.intoArray(y, y0);
        s01.intoArray(y, y0 + LANES);
        s10.intoArray(y, y1);
        s11.intoArray(y, y1 + LANES);
        s20.intoArray(y, y2);
        s21.intoArray(y, y2 + LANES);
        s30.intoArray(y, y3);
        s31.intoArray(y, y3 + LANES);
    }

    private static void rows2(final Tile t, final int row, final int column) {
        final MemorySegment w = t.weights;
        final long w0 = SingleRowKernels.offset(t, column, Short.BYTES);
        final long w1 = SingleRowKernels.offset(t, column + LANES, Short.BYTES);
        final float[] x = t.x;
        final float[] y = t.y;
        final int x0 = t.xOffset + row * t.xStride;
        final int x1 = x0 + t.xStride;
        final int y0 = t.yOffset + row * t.yStride + column;
        final int y1 = y0 + t.yStride;
        FloatVector s00 = FloatVector.fromArray(F, y, y0);
        FloatVector s01 = FloatVector.fromArray(F, y, y0 + LANES);
        FloatVector s10 = FloatVector.fromArray(F, y, y1);
        FloatVector s11 = FloatVector.fromArray(F, y, y1 + LANES);
        for (int k = 0; k < t.depth; k++) {
            final long at = k * DEPTH_STRIDE_BYTES;
            final FloatVector b0 = ((IntVector) ShortVector.fromMemorySegment(H, w, w0 + at, LITTLE_ENDIAN).convertShape(S2I, I, 0))
                    .lanewise(LSHL, Half.SHIFT).and(Half.MASK).reinterpretAsFloats().mul(Half.REBIAS);
            final FloatVector b1 = ((IntVector) ShortVector.fromMemorySegment(H, w, w1 + at, LITTLE_ENDIAN).convertShape(S2I, I, 0))
                    .lanewise(LSHL, Half.SHIFT).and(Half.MASK).reinterpretAsFloats().mul(Half.REBIAS);
            final FloatVector a0 = FloatVector.broadcast(F, x[x0 + k]);
            s00 = a0.fma(b0, s00);
            s01 = a0.fma(b1, s01);
            final FloatVector a1 = FloatVector.broadcast(F, x[x1 + k]);
            s10 = a1.fma(b0, s10);
            s11 = a1.fma(b1, s11);
        }
        s00.intoArray(y, y0);
        s01.intoArray(y, y0 + LANES);
        s10.intoArray(y, y1);
        s11.intoArray(y, y1 + LANES);
    }
}
