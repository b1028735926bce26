package io.spillway.node.stored;

import io.spillway.node.compute.DType;
import io.spillway.node.compute.Half;
import io.spillway.node.compute.StoredBlock;
import io.spillway.node.compute.StoredMatrix;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Eight-bit floats (e4m3, row-major) with a scale for the tensor, for each row or for each tile: an element is
 * {@code e4m3 · scale}, rounded to F32 once. Rows that are no multiple of 32 are packed as F32, which is the same number.
 *
 * @param weights {@code [rows][columns]} bytes, borrowed
 * @param scales  tiles are a multiple of 32 columns wide, or as wide as the row
 */
record Fp8Matrix(MemorySegment weights, int rows, int columns, ScaleGrid scales) implements StoredMatrix {
    @Override
    public DType packedAs() {
        return columns % StoredBlock.COLUMNS == 0 ? DType.F8 : DType.F32;
    }

    @Override
    public void read(final int row, final int column, final StoredBlock into) {
        final int[] words = into.words();
        if (packedAs() == DType.F8) {
            final long at = (long) row * columns + column;
            for (int q = 0; q < StoredBlock.COLUMNS / 4; q++) {
                words[q] = Bytes.word(weights, at + 4 * q);
            }
            into.scale(scales.at(row, column));
        } else {
            for (int i = 0; i < Math.min(StoredBlock.COLUMNS, columns - column); i++) {
                words[i] = Float.floatToRawIntBits(at(row, column + i));
            }
        }
    }

    @Override
    public float at(final int row, final int column) {
        return Half.f8ToFloat(weights.get(ValueLayout.JAVA_BYTE, (long) row * columns + column)) * scales.at(row, column);
    }
}
