package io.spillway.node.cpu;

import io.spillway.node.compute.DType;
import java.lang.foreign.MemorySegment;

/**
 * Operands of integer kernels: some rows of rounded activations by one panel of 16 outputs, over some groups of columns.
 * One per worker; refilled for every panel, so that the step loop allocates nothing.
 */
final class IntegerTile {
    MemorySegment weights;
    long panelOffset;        // bytes to the panel's first block
    DType dtype;
    // Where the integers of a group begin, of Q6_K see sixPart: payload + (group >> groupShift) · blockStride + (group & groupMask) · groupStride.
    long payload;
    int groupShift;
    int groupMask;
    long blockStride;
    long groupStride;
    int quads;               // of a group: 8 for 32 columns, 4 for 16
    int fromGroup;
    int toGroup;
    /** Scratch: outputs of a tile, {@code [rows of a tile][2 vectors]}. */
    final float[] sums = new float[8 * 2 * DType.PANEL_ROWS];
    /** {@code [panels][groups from fromGroup on][16]}: scales and minima as floats. */
    float[] scales = new float[0];
    float[] minima = new float[0];
    boolean hasMinima;
    /** Scratch for many rows: {@code [panels][columns from fromGroup on][16]} floats, from expandedBase on. */
    MemorySegment expanded;
    long expandedBase;
    long expandedPanelBytes;
    /** Where the panel's scales and minima go; panels are scalePanel apart. */
    int scaleBase;
    int scalePanel;
    /** Scratch for {@link WideProducts}: {@code [groups from fromGroup on][steps][16]} of one panel. */
    long[] wide;
    /** Of {@link WideProducts}: products of a group, what its sums begin with, and where their upper halves have them. */
    int wideSteps;
    long wideStart;
    int wideShift;
    RoundedRows x;
    int firstRow;
    float[] y;
    int yOffset;             // of the panel's first output of firstRow
    int yStride;

    /** Points at a panel. */
    void panel(final MemorySegment bytes, final long offset, final DType format) {
        weights = bytes;
        panelOffset = offset;
        if (format != dtype) {
            shape(format);
        }
        payload = offset + (format == DType.Q4_K ? ScaleKernels.Q4_K_HEAD_BYTES : format == DType.Q6_K ? ScaleKernels.Q6_K_HEAD_BYTES : 0);
    }

    private void shape(final DType format) {
        dtype = format;
        blockStride = format.panelBlockBytes();
        quads = format.groupColumns() / 4;
        hasMinima = format.hasMinimum();
        groupShift = switch (format) {
            case Q4_K -> 3;
            case Q8_G, Q8_M -> 1;
            case Q6_K -> 4;
            default -> 0;
        };
        groupMask = (1 << groupShift) - 1;
        final boolean nibbles = isNibbles(format);
        wideSteps = nibbles ? WideProducts.NIBBLE_STEPS : WideProducts.INT8_STEPS;
        // Rounds: half of the place of a group's sum.
        wideStart = 1L << (nibbles ? 3 * WideProducts.NIBBLE_FIELD : 2 * WideProducts.INT8_FIELD) - 1;
        wideShift = (nibbles ? 3 * WideProducts.NIBBLE_FIELD : 2 * WideProducts.INT8_FIELD) - Integer.SIZE;
        groupStride = format == DType.Q4_K ? ScaleKernels.Q4_K_PART_BYTES : ScaleKernels.NIBBLES_BYTES;
    }

    /** @return whether stored integers take four bits */
    boolean isNibbles() {
        return isNibbles(dtype);
    }

    static boolean isNibbles(final DType dtype) {
        return dtype == DType.Q4_0 || dtype == DType.Q4_K || dtype == DType.Q4_M;
    }

    /** @return where the integers of that group begin, in bytes */
    long groupOffset(final int group) {
        return payload + (group >> groupShift) * blockStride + (group & groupMask) * groupStride;
    }

    /** @return where the 32 columns begin that a group of Q6_K is the first or second half of, in bytes */
    long sixPart(final int group) {
        return payload + (group >> groupShift) * blockStride + ((group & groupMask) >> 1) * (long) ScaleKernels.Q6_K_PART_BYTES;
    }

    /** @return where the small scales of a group of Q6_K stand, in bytes */
    long sixScales(final int group) {
        return sixPart(group) + ScaleKernels.Q6_K_SCALES + (group & 1) * (long) DType.PANEL_ROWS;
    }

    /** @return the block of 32 columns that a group lies in */
    int blockOf(final int group) {
        return quads == 8 ? group : group >> 1;
    }

    /** @return which of a block's sums of activations is a group's */
    int sumOf(final int group) {
        return quads == 8 ? 2 : group & 1;
    }

    /** @return where the expanded weights of an output of the strip begin, in bytes */
    long expandedOffset(final int column) {
        return expandedBase + column / DType.PANEL_ROWS * expandedPanelBytes + column % DType.PANEL_ROWS * (long) Float.BYTES;
    }

    /** @return where the scales and minima of an output of the strip begin */
    int scaleOffset(final int column) {
        return column / DType.PANEL_ROWS * scalePanel + column % DType.PANEL_ROWS;
    }

    /** Makes room for the scales of that many groups, of all panels. */
    void reserve(final int groups) {
        if (scales.length < groups * DType.PANEL_ROWS) {
            scales = new float[groups * DType.PANEL_ROWS];
            minima = new float[groups * DType.PANEL_ROWS];
        }
    }
}
