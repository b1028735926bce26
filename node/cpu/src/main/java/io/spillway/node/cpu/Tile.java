package io.spillway.node.cpu;

import java.lang.foreign.MemorySegment;

/**
 * Operands of one block of multiplication: {@code y[rows][columns] += x[rows][depth] · w[depth][columns]}.
 *
 * <p>Columns of {@code w} lie next to each other within a panel of {@link #panelColumns}. One per worker; refilled for
 * every block, so that the step loop allocates nothing.
 */
final class Tile {
    /** Panel width of a matrix that is not divided into panels. */
    static final int UNDIVIDED = 1 << 30;

    MemorySegment weights;
    long weightsOffset;      // bytes to w[0][0]
    long depthStrideBytes;   // from w[k][n] to w[k + 1][n]
    int panelColumns = UNDIVIDED;
    long panelStrideBytes;   // from w[k][n] to w[k][n + panelColumns]
    int depth;
    float[] x;
    int xOffset;
    int xStride;
    float[] y;
    int yOffset;
    int yStride;

    /** @return byte offset of w[0][column] */
    long columnOffset(final int column) {
        return weightsOffset + column / panelColumns * panelStrideBytes + (long) (column % panelColumns) * Float.BYTES;
    }
}
