package io.spillway.node.stored;

import static java.util.Objects.requireNonNull;

import io.spillway.node.compute.StoredMatrix;
import java.util.List;

/**
 * One tensor of a model, whatever it is made of in the file.
 *
 * @param shape  row-major, outermost first, of the weights themselves (a packed format's own tensors may have other shapes)
 * @param parts  names of the file's tensors that it is made of
 * @param matrix all but the last dimension as rows: experts {@code [experts][rows][columns]} follow each other, a vector is one row
 */
public record StoredTensor(List<Long> shape, List<String> parts, StoredMatrix matrix) {
    public StoredTensor {
        shape = List.copyOf(shape);
        parts = List.copyOf(parts);
        requireNonNull(matrix, "matrix");
    }

    /** @return a row's elements */
    public float[] row(final int row) {
        final float[] values = new float[matrix.columns()];
        for (int column = 0; column < values.length; column++) {
            values[column] = matrix.at(row, column);
        }
        return values;
    }
}
