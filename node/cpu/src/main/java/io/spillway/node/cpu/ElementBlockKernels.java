package io.spillway.node.cpu;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.spillway.domain.kv.KvElement;
import io.spillway.node.compute.Half;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** What {@link BlockKernels} copies for every element: 4, 2 or 1 queries by two vectors of columns, in registers. Stateless. */
final class ElementBlockKernels implements BlockKernels {
    private static final VectorSpecies<Float> F = VectorWidth.FLOATS;
    private static final int LANES = F.length();
    private static final int PAIR = 2 * LANES;
    private static final VectorSpecies<Integer> I = F.withLanes(int.class);
    private static final VectorSpecies<Short> S = VectorSpecies.of(short.class, VectorShape.forBitSize(LANES * Short.SIZE));
    /** The narrowest vector of bytes has eight: four lanes read four bytes too many, which are the scales behind the numbers. */
    private static final VectorSpecies<Byte> B = VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, LANES * Byte.SIZE)));
    private static final KvElement ELEMENT = element();
    private static final boolean NIBBLES = ELEMENT == KvElement.I4;
    private static final int NIBBLE_BITS = 4;
    private static final int NIBBLE = 0xF;
    private static final int BF16_SHIFT = 16;
    private static final int F8_SHIFT = 20;
    private static final int F8_MASK = 0x87F00000;
    private static final float F8_REBIAS = 0x1p120f;

    ElementBlockKernels() {
    }

    private static KvElement element() {
        try {
            final KvElement data = MethodHandles.classData(MethodHandles.lookup(), "_", KvElement.class);
            return data == null ? KvElement.F32 : data;
        } catch (final IllegalAccessException e) {
            throw new IllegalStateException("a class can read its own data", e);
        }
    }

    /** @return a vector of stored numbers; F16 is 2^112 too small: {@code x} makes up for it */
    private static FloatVector load(final MemorySegment w, final long at, final int shift) {
        if (ELEMENT == KvElement.F32) {
            return FloatVector.fromMemorySegment(F, w, at, LITTLE_ENDIAN);
        }
        if (ELEMENT == KvElement.F16) {
            return shorts(w, at).lanewise(VectorOperators.LSHL, Half.SHIFT).and(Half.MASK).reinterpretAsFloats();
        }
        if (ELEMENT == KvElement.BF16) {
            return shorts(w, at).lanewise(VectorOperators.LSHL, BF16_SHIFT).reinterpretAsFloats();
        }
        final IntVector bytes = (IntVector) ByteVector.fromMemorySegment(B, w, at, LITTLE_ENDIAN).convertShape(VectorOperators.B2I, I, 0);
        if (ELEMENT == KvElement.F8) {
            return bytes.lanewise(VectorOperators.LSHL, F8_SHIFT).and(F8_MASK).reinterpretAsFloats().mul(F8_REBIAS);
        }
        final IntVector integers = NIBBLES ? bytes.lanewise(VectorOperators.LSHR, shift).and(NIBBLE) : bytes;
        return (FloatVector) integers.convert(VectorOperators.I2F, 0);
    }

    private static IntVector shorts(final MemorySegment w, final long at) {
        return (IntVector) ShortVector.fromMemorySegment(S, w, at, LITTLE_ENDIAN).convertShape(VectorOperators.S2I, I, 0);
    }

    private static long columnBytes(final int column) {
        return (long) column * ELEMENT.bits() / Byte.SIZE;
    }

    @Override
    public void scores(final Tile t, final int queries, final int columns) {
        for (int column = 0; column < columns; column += PAIR) {
            final long at = t.weightsOffset + (NIBBLES ? column : columnBytes(column));
            int row = 0;
            for (; row + 4 <= queries; row += 4) {
                scores4(t, at, row, column);
            }
            if (row + 2 <= queries) {
                scores2(t, at, row, column);
                row += 2;
            }
            if (row < queries) {
                scores1(t, at, row, column);
            }
        }
    }

    private static long dimension(final int d, final long stride) {
        return (NIBBLES ? d >> 1 : d) * stride;
    }

    private static int dimensionShift(final int d) {
        return (d & 1) * NIBBLE_BITS;
    }

    private static long vectorBytes() {
        return NIBBLES ? LANES : columnBytes(LANES);
    }

    private static void scores4(final Tile t, final long at, final int row, final int column) {
        final MemorySegment w = t.weights;
        final long stride = t.depthStrideBytes;
        final long next = vectorBytes();
        final int depth = t.depth;
        final float[] x = t.x;
        final int x0 = t.xOffset + row * t.xStride;
        final int x1 = x0 + t.xStride;
        final int x2 = x1 + t.xStride;
        final int x3 = x2 + t.xStride;
        FloatVector s00 = FloatVector.zero(F);
        FloatVector s01 = s00;
        FloatVector s10 = s00;
        FloatVector s11 = s00;
        FloatVector s20 = s00;
        FloatVector s21 = s00;
        FloatVector s30 = s00;
        FloatVector s31 = s00;
        for (int d = 0; d < depth; d++) {
            final long place = at + dimension(d, stride);
            final FloatVector b0 = load(w, place, dimensionShift(d));
            final FloatVector b1 = load(w, place + next, dimensionShift(d));
            final FloatVector a0 = FloatVector.broadcast(F, x[x0 + d]);
            s00 = a0.fma(b0, s00);
            s01 = a0.fma(b1, s01);
            final FloatVector a1 = FloatVector.broadcast(F, x[x1 + d]);
            s10 = a1.fma(b0, s10);
            s11 = a1.fma(b1, s11);
            final FloatVector a2 = FloatVector.broadcast(F, x[x2 + d]);
            s20 = a2.fma(b0, s20);
            s21 = a2.fma(b1, s21);
            final FloatVector a3 = FloatVector.broadcast(F, x[x3 + d]);
            s30 = a3.fma(b0, s30);
            s31 = a3.fma(b1, s31);
        }
        final int y = t.yOffset + row * t.yStride + column;
        s00.intoArray(t.y, y);
        s01.intoArray(t.y, y + LANES);
        s10.intoArray(t.y, y + t.yStride);
        s11.intoArray(t.y, y + t.yStride + LANES);
        s20.intoArray(t.y, y + 2 * t.yStride);
        s21.intoArray(t.y, y + 2 * t.yStride + LANES);
        s30.intoArray(t.y, y + 3 * t.yStride);
        s31.intoArray(t.y, y + 3 * t.yStride + LANES);
    }

    private static void scores2(final Tile t, final long at, final int row, final int column) {
        final MemorySegment w = t.weights;
        final long stride = t.depthStrideBytes;
        final long next = vectorBytes();
        final int depth = t.depth;
        final float[] x = t.x;
        final int x0 = t.xOffset + row * t.xStride;
        final int x1 = x0 + t.xStride;
        FloatVector s00 = FloatVector.zero(F);
        FloatVector s01 = s00;
        FloatVector s10 = s00;
        FloatVector s11 = s00;
        for (int d = 0; d < depth; d++) {
            final long place = at + dimension(d, stride);
            final FloatVector b0 = load(w, place, dimensionShift(d));
            final FloatVector b1 = load(w, place + next, dimensionShift(d));
            final FloatVector a0 = FloatVector.broadcast(F, x[x0 + d]);
            s00 = a0.fma(b0, s00);
            s01 = a0.fma(b1, s01);
            final FloatVector a1 = FloatVector.broadcast(F, x[x1 + d]);
            s10 = a1.fma(b0, s10);
            s11 = a1.fma(b1, s11);
        }
        final int y = t.yOffset + row * t.yStride + column;
        s00.intoArray(t.y, y);
        s01.intoArray(t.y, y + LANES);
        s10.intoArray(t.y, y + t.yStride);
        s11.intoArray(t.y, y + t.yStride + LANES);
    }

    private static void scores1(final Tile t, final long at, final int row, final int column) {
        final MemorySegment w = t.weights;
        final long stride = t.depthStrideBytes;
        final long next = vectorBytes();
        final int depth = t.depth;
        final float[] x = t.x;
        final int x0 = t.xOffset + row * t.xStride;
        FloatVector s0 = FloatVector.zero(F);
        FloatVector s1 = s0;
        for (int d = 0; d < depth; d++) {
            final long place = at + dimension(d, stride);
            final FloatVector a = FloatVector.broadcast(F, x[x0 + d]);
            s0 = a.fma(load(w, place, dimensionShift(d)), s0);
            s1 = a.fma(load(w, place + next, dimensionShift(d)), s1);
        }
        final int y = t.yOffset + row * t.yStride + column;
        s0.intoArray(t.y, y);
        s1.intoArray(t.y, y + LANES);
    }

    @Override
    public void values(final Tile t, final int queries, final int columns) {
        for (int column = 0; column < columns; column += PAIR) {
            int row = 0;
            for (; row + 4 <= queries; row += 4) {
                values4(t, row, column);
            }
            if (row + 2 <= queries) {
                values2(t, row, column);
                row += 2;
            }
            if (row < queries) {
                values1(t, row, column);
            }
        }
    }

    private static long valueAt(final Tile t, final int column) {
        return t.weightsOffset + (NIBBLES ? column % t.panelColumns : columnBytes(column));
    }

    private static int valueShift(final Tile t, final int column) {
        return NIBBLES ? column / t.panelColumns * NIBBLE_BITS : 0;
    }

    private static void values4(final Tile t, final int row, final int column) {
        final MemorySegment w = t.weights;
        final long w0 = valueAt(t, column);
        final long w1 = valueAt(t, column + LANES);
        final int shift0 = valueShift(t, column);
        final int shift1 = valueShift(t, column + LANES);
        final long stride = t.depthStrideBytes;
        final int depth = t.depth;
        final float[] x = t.x;
        final int x0 = t.xOffset + row * t.xStride;
        final int x1 = x0 + t.xStride;
        final int x2 = x1 + t.xStride;
        final int x3 = x2 + t.xStride;
        final float[] y = t.y;
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
        for (int k = 0; k < depth; k++) {
            final FloatVector b0 = load(w, w0 + k * stride, shift0);
            final FloatVector b1 = load(w, w1 + k * stride, shift1);
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

    private static void values2(final Tile t, final int row, final int column) {
        final MemorySegment w = t.weights;
        final long w0 = valueAt(t, column);
        final long w1 = valueAt(t, column + LANES);
        final int shift0 = valueShift(t, column);
        final int shift1 = valueShift(t, column + LANES);
        final long stride = t.depthStrideBytes;
        final int depth = t.depth;
        final float[] x = t.x;
        final int x0 = t.xOffset + row * t.xStride;
        final int x1 = x0 + t.xStride;
        final float[] y = t.y;
        final int y0 = t.yOffset + row * t.yStride + column;
        final int y1 = y0 + t.yStride;
        FloatVector s00 = FloatVector.fromArray(F, y, y0);
        FloatVector s01 = FloatVector.fromArray(F, y, y0 + LANES);
        FloatVector s10 = FloatVector.fromArray(F, y, y1);
        FloatVector s11 = FloatVector.fromArray(F, y, y1 + LANES);
        for (int k = 0; k < depth; k++) {
            final FloatVector b0 = load(w, w0 + k * stride, shift0);
            final FloatVector b1 = load(w, w1 + k * stride, shift1);
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

    private static void values1(final Tile t, final int row, final int column) {
        final MemorySegment w = t.weights;
        final long w0 = valueAt(t, column);
        final long w1 = valueAt(t, column + LANES);
        final int shift0 = valueShift(t, column);
        final int shift1 = valueShift(t, column + LANES);
        final long stride = t.depthStrideBytes;
        final int depth = t.depth;
        final float[] x = t.x;
        final int x0 = t.xOffset + row * t.xStride;
        final float[] y = t.y;
        final int y0 = t.yOffset + row * t.yStride + column;
        FloatVector s0 = FloatVector.fromArray(F, y, y0);
        FloatVector s1 = FloatVector.fromArray(F, y, y0 + LANES);
        for (int k = 0; k < depth; k++) {
            final FloatVector a = FloatVector.broadcast(F, x[x0 + k]);
            s0 = a.fma(load(w, w0 + k * stride, shift0), s0);
            s1 = a.fma(load(w, w1 + k * stride, shift1), s1);
        }
        s0.intoArray(y, y0);
        s1.intoArray(y, y0 + LANES);
    }
}
