package io.spillway.node.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;

/**
 * Some rows of rounded activations by a vector of outputs of four-bit weights, straight from stored weights. A sum of sixteen
 * products fits 16 bits, so that a group is widened once: twice the speed of products of floats. Written out because the
 * compiler keeps named vectors in registers. Stateless.
 */
final class NibbleTiles {
    private static final int QUADS = 4;
    private static final int ODD = PairKernels.ODD;
    /** From the pair of low nibbles to that of high ones. */
    private static final int HIGH = ODD / 2;

    private NibbleTiles() {
    }

    /** Adds the tile's groups to 16 outputs of {@code rows} rows. */
    static void run(final IntegerTile t, final int rows) {
        for (int lane = 0; lane < ScaleKernels.PANEL; lane += PairKernels.LANES) {
            int row = 0;
            for (; row + 8 <= rows; row += 8) {
                rows8(t, row, lane);
            }
            if (row + 4 <= rows) {
                rows4(t, row, lane);
                row += 4;
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

    /** 8 rows from there on by a vector of outputs. */
    static void rows8(final IntegerTile t, final int row, final int lane) {
        final MemorySegment w = t.weights;
        final int[] pairs = t.x.pairs;
        final int x0 = (t.firstRow + row) * t.x.pairStride();
        final int x1 = x0 + t.x.pairStride();
        final int x2 = x1 + t.x.pairStride();
        final int x3 = x2 + t.x.pairStride();
        final int x4 = x3 + t.x.pairStride();
        final int x5 = x4 + t.x.pairStride();
        final int x6 = x5 + t.x.pairStride();
        final int x7 = x6 + t.x.pairStride();
        for (int group = t.fromGroup; group < t.toGroup; group++) {
            final long at = t.groupOffset(group) + lane * 4L;
            final int from = t.pairOffset(group);
            ShortVector s0 = ShortVector.zero(PairKernels.S);
            ShortVector s1 = ShortVector.zero(PairKernels.S);
            ShortVector s2 = ShortVector.zero(PairKernels.S);
            ShortVector s3 = ShortVector.zero(PairKernels.S);
            ShortVector s4 = ShortVector.zero(PairKernels.S);
            ShortVector s5 = ShortVector.zero(PairKernels.S);
            ShortVector s6 = ShortVector.zero(PairKernels.S);
            ShortVector s7 = ShortVector.zero(PairKernels.S);
            for (int quad = 0; quad < QUADS; quad++) {
                final ShortVector weights = PairKernels.load(w, at + quad * (long) PairKernels.QUAD_BYTES);
                final ShortVector n0 = PairKernels.nibble0(weights);
                final ShortVector n1 = PairKernels.nibble1(weights);
                final ShortVector n2 = PairKernels.nibble2(weights);
                final ShortVector n3 = PairKernels.nibble3(weights);
                final int p0 = x0 + from + quad;
                s0 = s0.add(n0.mul(PairKernels.pair(pairs, p0))).add(n1.mul(PairKernels.pair(pairs, p0 + HIGH)))
                        .add(n2.mul(PairKernels.pair(pairs, p0 + ODD))).add(n3.mul(PairKernels.pair(pairs, p0 + ODD + HIGH)));
                final int p1 = x1 + from + quad;
                s1 = s1.add(n0.mul(PairKernels.pair(pairs, p1))).add(n1.mul(PairKernels.pair(pairs, p1 + HIGH)))
                        .add(n2.mul(PairKernels.pair(pairs, p1 + ODD))).add(n3.mul(PairKernels.pair(pairs, p1 + ODD + HIGH)));
                final int p2 = x2 + from + quad;
                s2 = s2.add(n0.mul(PairKernels.pair(pairs, p2))).add(n1.mul(PairKernels.pair(pairs, p2 + HIGH)))
                        .add(n2.mul(PairKernels.pair(pairs, p2 + ODD))).add(n3.mul(PairKernels.pair(pairs, p2 + ODD + HIGH)));
                final int p3 = x3 + from + quad;
                s3 = s3.add(n0.mul(PairKernels.pair(pairs, p3))).add(n1.mul(PairKernels.pair(pairs, p3 + HIGH)))
                        .add(n2.mul(PairKernels.pair(pairs, p3 + ODD))).add(n3.mul(PairKernels.pair(pairs, p3 + ODD + HIGH)));
                final int p4 = x4 + from + quad;
                s4 = s4.add(n0.mul(PairKernels.pair(pairs, p4))).add(n1.mul(PairKernels.pair(pairs, p4 + HIGH)))
                        .add(n2.mul(PairKernels.pair(pairs, p4 + ODD))).add(n3.mul(PairKernels.pair(pairs, p4 + ODD + HIGH)));
                final int p5 = x5 + from + quad;
                s5 = s5.add(n0.mul(PairKernels.pair(pairs, p5))).add(n1.mul(PairKernels.pair(pairs, p5 + HIGH)))
                        .add(n2.mul(PairKernels.pair(pairs, p5 + ODD))).add(n3.mul(PairKernels.pair(pairs, p5 + ODD + HIGH)));
                final int p6 = x6 + from + quad;
                s6 = s6.add(n0.mul(PairKernels.pair(pairs, p6))).add(n1.mul(PairKernels.pair(pairs, p6 + HIGH)))
                        .add(n2.mul(PairKernels.pair(pairs, p6 + ODD))).add(n3.mul(PairKernels.pair(pairs, p6 + ODD + HIGH)));
                final int p7 = x7 + from + quad;
                s7 = s7.add(n0.mul(PairKernels.pair(pairs, p7))).add(n1.mul(PairKernels.pair(pairs, p7 + HIGH)))
                        .add(n2.mul(PairKernels.pair(pairs, p7 + ODD))).add(n3.mul(PairKernels.pair(pairs, p7 + ODD + HIGH)));
            }
            IntegerSums.add(t, group, row, lane, PairKernels.widen(s0, IntVector.zero(PairKernels.I)));
            IntegerSums.add(t, group, row + 1, lane, PairKernels.widen(s1, IntVector.zero(PairKernels.I)));
            IntegerSums.add(t, group, row + 2, lane, PairKernels.widen(s2, IntVector.zero(PairKernels.I)));
            IntegerSums.add(t, group, row + 3, lane, PairKernels.widen(s3, IntVector.zero(PairKernels.I)));
            IntegerSums.add(t, group, row + 4, lane, PairKernels.widen(s4, IntVector.zero(PairKernels.I)));
            IntegerSums.add(t, group, row + 5, lane, PairKernels.widen(s5, IntVector.zero(PairKernels.I)));
            IntegerSums.add(t, group, row + 6, lane, PairKernels.widen(s6, IntVector.zero(PairKernels.I)));
            IntegerSums.add(t, group, row + 7, lane, PairKernels.widen(s7, IntVector.zero(PairKernels.I)));
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
            ShortVector s0 = ShortVector.zero(PairKernels.S);
            ShortVector s1 = ShortVector.zero(PairKernels.S);
            ShortVector s2 = ShortVector.zero(PairKernels.S);
            ShortVector s3 = ShortVector.zero(PairKernels.S);
            for (int quad = 0; quad < QUADS; quad++) {
                final ShortVector weights = PairKernels.load(w, at + quad * (long) PairKernels.QUAD_BYTES);
                final ShortVector n0 = PairKernels.nibble0(weights);
                final ShortVector n1 = PairKernels.nibble1(weights);
                final ShortVector n2 = PairKernels.nibble2(weights);
                final ShortVector n3 = PairKernels.nibble3(weights);
                final int p0 = x0 + from + quad;
                s0 = s0.add(n0.mul(PairKernels.pair(pairs, p0))).add(n1.mul(PairKernels.pair(pairs, p0 + HIGH)))
                        .add(n2.mul(PairKernels.pair(pairs, p0 + ODD))).add(n3.mul(PairKernels.pair(pairs, p0 + ODD + HIGH)));
                final int p1 = x1 + from + quad;
                s1 = s1.add(n0.mul(PairKernels.pair(pairs, p1))).add(n1.mul(PairKernels.pair(pairs, p1 + HIGH)))
                        .add(n2.mul(PairKernels.pair(pairs, p1 + ODD))).add(n3.mul(PairKernels.pair(pairs, p1 + ODD + HIGH)));
                final int p2 = x2 + from + quad;
                s2 = s2.add(n0.mul(PairKernels.pair(pairs, p2))).add(n1.mul(PairKernels.pair(pairs, p2 + HIGH)))
                        .add(n2.mul(PairKernels.pair(pairs, p2 + ODD))).add(n3.mul(PairKernels.pair(pairs, p2 + ODD + HIGH)));
                final int p3 = x3 + from + quad;
                s3 = s3.add(n0.mul(PairKernels.pair(pairs, p3))).add(n1.mul(PairKernels.pair(pairs, p3 + HIGH)))
                        .add(n2.mul(PairKernels.pair(pairs, p3 + ODD))).add(n3.mul(PairKernels.pair(pairs, p3 + ODD + HIGH)));
            }
            IntegerSums.add(t, group, row, lane, PairKernels.widen(s0, IntVector.zero(PairKernels.I)));
            IntegerSums.add(t, group, row + 1, lane, PairKernels.widen(s1, IntVector.zero(PairKernels.I)));
            IntegerSums.add(t, group, row + 2, lane, PairKernels.widen(s2, IntVector.zero(PairKernels.I)));
            IntegerSums.add(t, group, row + 3, lane, PairKernels.widen(s3, IntVector.zero(PairKernels.I)));
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
            ShortVector s0 = ShortVector.zero(PairKernels.S);
            ShortVector s1 = ShortVector.zero(PairKernels.S);
            for (int quad = 0; quad < QUADS; quad++) {
                final ShortVector weights = PairKernels.load(w, at + quad * (long) PairKernels.QUAD_BYTES);
                final ShortVector n0 = PairKernels.nibble0(weights);
                final ShortVector n1 = PairKernels.nibble1(weights);
                final ShortVector n2 = PairKernels.nibble2(weights);
                final ShortVector n3 = PairKernels.nibble3(weights);
                final int p0 = x0 + from + quad;
                s0 = s0.add(n0.mul(PairKernels.pair(pairs, p0))).add(n1.mul(PairKernels.pair(pairs, p0 + HIGH)))
                        .add(n2.mul(PairKernels.pair(pairs, p0 + ODD))).add(n3.mul(PairKernels.pair(pairs, p0 + ODD + HIGH)));
                final int p1 = x1 + from + quad;
                s1 = s1.add(n0.mul(PairKernels.pair(pairs, p1))).add(n1.mul(PairKernels.pair(pairs, p1 + HIGH)))
                        .add(n2.mul(PairKernels.pair(pairs, p1 + ODD))).add(n3.mul(PairKernels.pair(pairs, p1 + ODD + HIGH)));
            }
            IntegerSums.add(t, group, row, lane, PairKernels.widen(s0, IntVector.zero(PairKernels.I)));
            IntegerSums.add(t, group, row + 1, lane, PairKernels.widen(s1, IntVector.zero(PairKernels.I)));
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
            ShortVector s0 = ShortVector.zero(PairKernels.S);
            for (int quad = 0; quad < QUADS; quad++) {
                final ShortVector weights = PairKernels.load(w, at + quad * (long) PairKernels.QUAD_BYTES);
                final ShortVector n0 = PairKernels.nibble0(weights);
                final ShortVector n1 = PairKernels.nibble1(weights);
                final ShortVector n2 = PairKernels.nibble2(weights);
                final ShortVector n3 = PairKernels.nibble3(weights);
                final int p0 = x0 + from + quad;
                s0 = s0.add(n0.mul(PairKernels.pair(pairs, p0))).add(n1.mul(PairKernels.pair(pairs, p0 + HIGH)))
                        .add(n2.mul(PairKernels.pair(pairs, p0 + ODD))).add(n3.mul(PairKernels.pair(pairs, p0 + ODD + HIGH)));
            }
            IntegerSums.add(t, group, row, lane, PairKernels.widen(s0, IntVector.zero(PairKernels.I)));
        }
    }
}
