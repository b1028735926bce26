package io.spillway.node.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;

/**
 * Some rows of rounded activations by a vector of outputs of int8 weights, straight from stored weights: for batches too small
 * to be worth expanded weights. Written out because the compiler keeps named vectors in registers. Stateless.
 */
final class ByteTiles {
    private ByteTiles() {
    }

    /** Adds the tile's groups to 16 outputs of {@code rows} rows. */
    static void run(final IntegerTile t, final int rows) {
        for (int lane = 0; lane < ScaleKernels.PANEL; lane += PairKernels.LANES) {
            int row = 0;
            for (; row + 4 <= rows; row += 4) {
                rows4(t, row, lane);
            }
            if (row + 2 <= rows) {
                rows2(t, row, lane);
                row += 2;
            }
            if (row < rows) {
                rows1(t, row, lane);
            }
        }
    }

    /** 4 rows from there on by a vector of outputs. */
    static void rows4(final IntegerTile t, final int row, final int lane) {
        final MemorySegment w = t.weights;
        final int[] pairs = t.x.pairs;
        final int x0 = (t.firstRow + row) * t.x.pairStride();
        final int x1 = x0 + t.x.pairStride();
        final int x2 = x1 + t.x.pairStride();
        final int x3 = x2 + t.x.pairStride();
        for (int group = t.fromGroup; group < t.toGroup; group++) {
            final long at = t.groupOffset(group) + lane * 4L;
            final int from = t.pairOffset(group);
            IntVector s0 = IntVector.zero(PairKernels.I);
            IntVector s1 = IntVector.zero(PairKernels.I);
            IntVector s2 = IntVector.zero(PairKernels.I);
            IntVector s3 = IntVector.zero(PairKernels.I);
            for (int quad = 0; quad < t.quads; quad++) {
                final ShortVector weights = PairKernels.load(w, at + quad * (long) PairKernels.QUAD_BYTES);
                final ShortVector even = PairKernels.even(weights);
                final ShortVector odd = PairKernels.odd(weights);
                s0 = PairKernels.quad(even, odd, pairs, x0 + from + quad, s0);
                s1 = PairKernels.quad(even, odd, pairs, x1 + from + quad, s1);
                s2 = PairKernels.quad(even, odd, pairs, x2 + from + quad, s2);
                s3 = PairKernels.quad(even, odd, pairs, x3 + from + quad, s3);
            }
            IntegerSums.add(t, group, row, lane, s0);
            IntegerSums.add(t, group, row + 1, lane, s1);
            IntegerSums.add(t, group, row + 2, lane, s2);
            IntegerSums.add(t, group, row + 3, lane, s3);
        }
    }

    /** 2 rows from there on by a vector of outputs. */
    static void rows2(final IntegerTile t, final int row, final int lane) {
        final MemorySegment w = t.weights;
        final int[] pairs = t.x.pairs;
        final int x0 = (t.firstRow + row) * t.x.pairStride();
        final int x1 = x0 + t.x.pairStride();
        for (int group = t.fromGroup; group < t.toGroup; group++) {
            final long at = t.groupOffset(group) + lane * 4L;
            final int from = t.pairOffset(group);
            IntVector s0 = IntVector.zero(PairKernels.I);
            IntVector s1 = IntVector.zero(PairKernels.I);
            for (int quad = 0; quad < t.quads; quad++) {
                final ShortVector weights = PairKernels.load(w, at + quad * (long) PairKernels.QUAD_BYTES);
                final ShortVector even = PairKernels.even(weights);
                final ShortVector odd = PairKernels.odd(weights);
                s0 = PairKernels.quad(even, odd, pairs, x0 + from + quad, s0);
                s1 = PairKernels.quad(even, odd, pairs, x1 + from + quad, s1);
            }
            IntegerSums.add(t, group, row, lane, s0);
            IntegerSums.add(t, group, row + 1, lane, s1);
        }
    }

    /** 1 row from there on by a vector of outputs. */
    static void rows1(final IntegerTile t, final int row, final int lane) {
        final MemorySegment w = t.weights;
        final int[] pairs = t.x.pairs;
        final int x0 = (t.firstRow + row) * t.x.pairStride();
        for (int group = t.fromGroup; group < t.toGroup; group++) {
            final long at = t.groupOffset(group) + lane * 4L;
            final int from = t.pairOffset(group);
            IntVector s0 = IntVector.zero(PairKernels.I);
            for (int quad = 0; quad < t.quads; quad++) {
                final ShortVector weights = PairKernels.load(w, at + quad * (long) PairKernels.QUAD_BYTES);
                final ShortVector even = PairKernels.even(weights);
                final ShortVector odd = PairKernels.odd(weights);
                s0 = PairKernels.quad(even, odd, pairs, x0 + from + quad, s0);
            }
            IntegerSums.add(t, group, row, lane, s0);
        }
    }
}
