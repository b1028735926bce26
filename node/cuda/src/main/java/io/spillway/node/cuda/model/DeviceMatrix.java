package io.spillway.node.cuda.model;

import static java.util.Objects.requireNonNull;

import io.spillway.node.compute.DType;
import io.spillway.node.compute.PackedMatrix;

/**
 * A matrix in device memory.
 *
 * @param dtype   F16 or BF16: [rows][columns] halves, row after row; a quantised format: packed as {@link PackedMatrix} says
 * @param address of the first byte
 * @param rows    outputs
 * @param columns inputs; a multiple of {@link #WIDE}
 */
record DeviceMatrix(DType dtype, long address, int rows, int columns) {
    /** Halves that a wide load takes. */
    static final int WIDE = 8;

    DeviceMatrix {
        requireNonNull(dtype, "dtype");
    }

    boolean isPlain() {
        return isPlain(dtype);
    }

    /** @return whether matrices of that format stand row after row on the device: as halves */
    static boolean isPlain(final DType dtype) {
        return dtype == DType.F32 || dtype == DType.F16 || dtype == DType.BF16;
    }

    /** @return bytes of a matrix of that stored format on the device */
    static long sizeBytes(final DType dtype, final int rows, final int columns) {
        return isPlain(dtype) ? 2L * rows * columns : PackedMatrix.sizeBytes(dtype, rows, columns);
    }
}
