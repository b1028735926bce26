package io.spillway.node.cpu;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The register blocks of every multiplication: each holds some rows by some vectors of sums in registers and adds one fused
 * product per step of depth, in order. Sums begin with what stands in {@code y}, so a depth may be done in pieces.
 *
 * <p>Written out because the compiler keeps named vectors in registers and an array of them on the heap.
 */
final class RegisterTiles {
    static final VectorSpecies<Float> F = VectorWidth.FLOATS;
    static final int LANES = F.length();

    private RegisterTiles() {
    }

    /** 8 rows by 2 vectors from there on. */
    static void rows8x2(final Tile t, final int row, final int column) {
        final MemorySegment w = t.weights;
        final long w0 = t.columnOffset(column);
        final long w1 = t.columnOffset(column + LANES);
        final long stride = t.depthStrideBytes;
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
            final long at = k * stride;
            final FloatVector b0 = FloatVector.fromMemorySegment(F, w, w0 + at, LITTLE_ENDIAN);
            final FloatVector b1 = FloatVector.fromMemorySegment(F, w, w1 + at, LITTLE_ENDIAN);
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

    /** 4 rows by 2 vectors from there on. */
    static void rows4x2(final Tile t, final int row, final int column) {
        final MemorySegment w = t.weights;
        final long w0 = t.columnOffset(column);
        final long w1 = t.columnOffset(column + LANES);
        final long stride = t.depthStrideBytes;
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
            final long at = k * stride;
            final FloatVector b0 = FloatVector.fromMemorySegment(F, w, w0 + at, LITTLE_ENDIAN);
            final FloatVector b1 = FloatVector.fromMemorySegment(F, w, w1 + at, LITTLE_ENDIAN);
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

    /** 2 rows by 2 vectors from there on. */
    static void rows2x2(final Tile t, final int row, final int column) {
        final MemorySegment w = t.weights;
        final long w0 = t.columnOffset(column);
        final long w1 = t.columnOffset(column + LANES);
        final long stride = t.depthStrideBytes;
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
            final long at = k * stride;
            final FloatVector b0 = FloatVector.fromMemorySegment(F, w, w0 + at, LITTLE_ENDIAN);
            final FloatVector b1 = FloatVector.fromMemorySegment(F, w, w1 + at, LITTLE_ENDIAN);
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

    /** 1 row by 4 vectors from there on. */
    static void rows1x4(final Tile t, final int row, final int column) {
        final MemorySegment w = t.weights;
        final long w0 = t.columnOffset(column);
        final long w1 = t.columnOffset(column + LANES);
        final long w2 = t.columnOffset(column + 2 * LANES);
        final long w3 = t.columnOffset(column + 3 * LANES);
        final long stride = t.depthStrideBytes;
        final float[] x = t.x;
        final float[] y = t.y;
        final int x0 = t.xOffset + row * t.xStride;
        final int y0 = t.yOffset + row * t.yStride + column;
        FloatVector s00 = FloatVector.fromArray(F, y, y0);
        FloatVector s01 = FloatVector.fromArray(F, y, y0 + LANES);
        FloatVector s02 = FloatVector.fromArray(F, y, y0 + 2 * LANES);
        FloatVector s03 = FloatVector.fromArray(F, y, y0 + 3 * LANES);
        for (int k = 0; k < t.depth; k++) {
            final long at = k * stride;
            final FloatVector b0 = FloatVector.fromMemorySegment(F, w, w0 + at, LITTLE_ENDIAN);
            final FloatVector b1 = FloatVector.fromMemorySegment(F, w, w1 + at, LITTLE_ENDIAN);
            final FloatVector b2 = FloatVector.fromMemorySegment(F, w, w2 + at, LITTLE_ENDIAN);
            final FloatVector b3 = FloatVector.fromMemorySegment(F, w, w3 + at, LITTLE_ENDIAN);
            final FloatVector a0 = FloatVector.broadcast(F, x[x0 + k]);
            s00 = a0.fma(b0, s00);
            s01 = a0.fma(b1, s01);
            s02 = a0.fma(b2, s02);
            s03 = a0.fma(b3, s03);
        }
        s00.intoArray(y, y0);
        s01.intoArray(y, y0 + LANES);
        s02.intoArray(y, y0 + 2 * LANES);
        s03.intoArray(y, y0 + 3 * LANES);
    }

    /** 1 row by 2 vectors from there on. */
    static void rows1x2(final Tile t, final int row, final int column) {
        final MemorySegment w = t.weights;
        final long w0 = t.columnOffset(column);
        final long w1 = t.columnOffset(column + LANES);
        final long stride = t.depthStrideBytes;
        final float[] x = t.x;
        final float[] y = t.y;
        final int x0 = t.xOffset + row * t.xStride;
        final int y0 = t.yOffset + row * t.yStride + column;
        FloatVector s00 = FloatVector.fromArray(F, y, y0);
        FloatVector s01 = FloatVector.fromArray(F, y, y0 + LANES);
        for (int k = 0; k < t.depth; k++) {
            final long at = k * stride;
            final FloatVector b0 = FloatVector.fromMemorySegment(F, w, w0 + at, LITTLE_ENDIAN);
            final FloatVector b1 = FloatVector.fromMemorySegment(F, w, w1 + at, LITTLE_ENDIAN);
            final FloatVector a0 = FloatVector.broadcast(F, x[x0 + k]);
            s00 = a0.fma(b0, s00);
            s01 = a0.fma(b1, s01);
        }
        s00.intoArray(y, y0);
        s01.intoArray(y, y0 + LANES);
    }

    /** 1 row by 1 vector from there on. */
    static void rows1x1(final Tile t, final int row, final int column) {
        final MemorySegment w = t.weights;
        final long w0 = t.columnOffset(column);
        final long stride = t.depthStrideBytes;
        final float[] x = t.x;
        final float[] y = t.y;
        final int x0 = t.xOffset + row * t.xStride;
        final int y0 = t.yOffset + row * t.yStride + column;
        FloatVector s00 = FloatVector.fromArray(F, y, y0);
        for (int k = 0; k < t.depth; k++) {
            final long at = k * stride;
            final FloatVector b0 = FloatVector.fromMemorySegment(F, w, w0 + at, LITTLE_ENDIAN);
            final FloatVector a0 = FloatVector.broadcast(F, x[x0 + k]);
            s00 = a0.fma(b0, s00);
        }
        s00.intoArray(y, y0);
    }
}
