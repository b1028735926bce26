package io.spillway.node.stored;

import io.spillway.modelfile.TensorType;
import java.lang.foreign.MemorySegment;

/**
 * A small matrix of scales {@code [gridRows][gridColumns]}, read into floats: each is for a tile of the weights.
 *
 * @param values     {@code [gridRows][gridColumns]}, row-major
 * @param columns    of the grid
 * @param tileRows    rows of weights that share a scale
 * @param tileColumns columns of weights that share a scale
 */
record ScaleGrid(float[] values, int columns, int tileRows, int tileColumns) {
    /** @return whether scales may be of that type */
    static boolean reads(final TensorType type) {
        return type == TensorType.F32 || type == TensorType.F16 || type == TensorType.BF16;
    }

    /** @return the numbers of a tensor of that many elements of a type that {@link #reads} accepts */
    static float[] numbers(final MemorySegment bytes, final TensorType type, final int count) {
        final RowFormat format = RowFormats.of(type).orElseThrow();
        final float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = format.at(bytes, 0, i);
        }
        return numbers;
    }

    float at(final int row, final int column) {
        return values[row / tileRows * columns + column / tileColumns];
    }
}
