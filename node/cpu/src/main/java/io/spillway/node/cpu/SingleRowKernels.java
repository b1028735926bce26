package io.spillway.node.cpu;

import io.spillway.node.compute.DType;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * One row by four vectors of outputs straight from stored weights: what decoding alone is made of, and bounded by memory.
 * The sums are those of {@link RegisterTiles} over expanded weights, bit for bit. Stateless.
 */
final class SingleRowKernels {
    private static final VectorSpecies<Float> F = VectorWidth.FLOATS;
    private static final int LANES = F.length();
    private static final int PANEL = DType.PANEL_ROWS;
    private static final int BLOCK_COLUMNS = 32;
    private static final int QUANT_BYTES = BLOCK_COLUMNS * PANEL;
    private static final int NIBBLE_BYTES = QUANT_BYTES / 2;

    private SingleRowKernels() {
    }

    /** Adds the products of one row with 64 outputs. @param t weights in {@code dtype}, at a panel's first byte */
    static void strip(final Tile t, final DType dtype, final int columns) {
        for (int column = 0; column < columns; column += 4 * LANES) {
            switch (dtype) {
                case F32 -> RegisterTiles.rows1x4(t, 0, column);
                case F16 -> halves(t, column);
                case BF16 -> brains(t, column);
                case Q8_0 -> quants(t, column);
                case Q4_0 -> nibbles(t, column);
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
            s0 = a.fma(ExpandKernels.half(w, w0 + at), s0);
            s1 = a.fma(ExpandKernels.half(w, w1 + at), s1);
            s2 = a.fma(ExpandKernels.half(w, w2 + at), s2);
            s3 = a.fma(ExpandKernels.half(w, w3 + at), s3);
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
            s0 = a.fma(ExpandKernels.brain(w, w0 + at), s0);
            s1 = a.fma(ExpandKernels.brain(w, w1 + at), s1);
            s2 = a.fma(ExpandKernels.brain(w, w2 + at), s2);
            s3 = a.fma(ExpandKernels.brain(w, w3 + at), s3);
        }
        s0.intoArray(t.y, y);
        s1.intoArray(t.y, y + LANES);
        s2.intoArray(t.y, y + 2 * LANES);
        s3.intoArray(t.y, y + 3 * LANES);
    }

    private static void quants(final Tile t, final int column) {
        for (int k = 0; k < t.depth; k += BLOCK_COLUMNS) {
            quantBlock(t, column, k);
            quantBlock(t, column + 2 * LANES, k);
        }
    }

    /**
     * 32 columns by two vectors; the sums rest in {@code y} between blocks. Two and not four: beyond that the compiler stops
     * inlining, and every vector becomes an object. A lane's scale is two bytes wide and its weight one, so that the first
     * lane's number counts once more in the scale's offset.
     */
    private static void quantBlock(final Tile t, final int column, final int begin) {
        final MemorySegment w = t.weights;
        final long block = begin / BLOCK_COLUMNS * (long) DType.Q8_0.panelBlockBytes();
        final long w0 = offset(t, column, 1) + block;
        final long w1 = offset(t, column + LANES, 1) + block;
        final FloatVector d0 = ExpandKernels.half(w, w0 + QUANT_BYTES + column % PANEL);
        final FloatVector d1 = ExpandKernels.half(w, w1 + QUANT_BYTES + (column + LANES) % PANEL);
        final int y = t.yOffset + column;
        final int x = t.xOffset + begin;
        FloatVector s0 = FloatVector.fromArray(F, t.y, y);
        FloatVector s1 = FloatVector.fromArray(F, t.y, y + LANES);
        for (int k = 0; k < BLOCK_COLUMNS; k++) {
            final long at = (long) k * PANEL;
            final FloatVector a = FloatVector.broadcast(F, t.x[x + k]);
            s0 = a.fma(ExpandKernels.quant(w, w0 + at).mul(d0), s0);
            s1 = a.fma(ExpandKernels.quant(w, w1 + at).mul(d1), s1);
        }
        s0.intoArray(t.y, y);
        s1.intoArray(t.y, y + LANES);
    }

    private static void nibbles(final Tile t, final int column) {
        for (int k = 0; k < t.depth; k += BLOCK_COLUMNS) {
            lowNibbles(t, column, k);
            lowNibbles(t, column + 2 * LANES, k);
            highNibbles(t, column, k);
            highNibbles(t, column + 2 * LANES, k);
        }
    }

    /** The first 16 columns of a block. */
    private static void lowNibbles(final Tile t, final int column, final int begin) {
        final MemorySegment w = t.weights;
        final long block = begin / BLOCK_COLUMNS * (long) DType.Q4_0.panelBlockBytes();
        final long w0 = offset(t, column, 1) + block;
        final long w1 = offset(t, column + LANES, 1) + block;
        final FloatVector d0 = ExpandKernels.half(w, w0 + NIBBLE_BYTES + column % PANEL);
        final FloatVector d1 = ExpandKernels.half(w, w1 + NIBBLE_BYTES + (column + LANES) % PANEL);
        final int y = t.yOffset + column;
        final int x = t.xOffset + begin;
        FloatVector s0 = FloatVector.fromArray(F, t.y, y);
        FloatVector s1 = FloatVector.fromArray(F, t.y, y + LANES);
        for (int k = 0; k < BLOCK_COLUMNS / 2; k++) {
            final long at = (long) k * PANEL;
            final FloatVector a = FloatVector.broadcast(F, t.x[x + k]);
            s0 = a.fma(ExpandKernels.low(ExpandKernels.bytes(w, w0 + at)).mul(d0), s0);
            s1 = a.fma(ExpandKernels.low(ExpandKernels.bytes(w, w1 + at)).mul(d1), s1);
        }
        s0.intoArray(t.y, y);
        s1.intoArray(t.y, y + LANES);
    }

    /** The last 16 columns of a block. */
    private static void highNibbles(final Tile t, final int column, final int begin) {
        final MemorySegment w = t.weights;
        final long block = begin / BLOCK_COLUMNS * (long) DType.Q4_0.panelBlockBytes();
        final long w0 = offset(t, column, 1) + block;
        final long w1 = offset(t, column + LANES, 1) + block;
        final FloatVector d0 = ExpandKernels.half(w, w0 + NIBBLE_BYTES + column % PANEL);
        final FloatVector d1 = ExpandKernels.half(w, w1 + NIBBLE_BYTES + (column + LANES) % PANEL);
        final int y = t.yOffset + column;
        final int x = t.xOffset + begin + BLOCK_COLUMNS / 2;
        FloatVector s0 = FloatVector.fromArray(F, t.y, y);
        FloatVector s1 = FloatVector.fromArray(F, t.y, y + LANES);
        for (int k = 0; k < BLOCK_COLUMNS / 2; k++) {
            final long at = (long) k * PANEL;
            final FloatVector a = FloatVector.broadcast(F, t.x[x + k]);
            s0 = a.fma(ExpandKernels.high(ExpandKernels.bytes(w, w0 + at)).mul(d0), s0);
            s1 = a.fma(ExpandKernels.high(ExpandKernels.bytes(w, w1 + at)).mul(d1), s1);
        }
        s0.intoArray(t.y, y);
        s1.intoArray(t.y, y + LANES);
    }
}
