package io.spillway.local.quantize;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.modelfile.ModelSource;
import io.spillway.modelfile.TensorEntry;
import io.spillway.modelfile.TensorType;
import io.spillway.node.compute.StoredMatrix;
import io.spillway.node.stored.StoredTensor;
import io.spillway.node.stored.StoredTensors;
import io.spillway.node.weights.ConvertedTensor;

/**
 * Rows of one tensor as floats. Immutable.
 *
 * @param name    of the tensor, for messages
 * @param rows    how many
 * @param columns numbers of a row
 * @param numbers where they come from
 */
record RowSource(String name, int rows, int columns, ConvertedTensor.Rows numbers) {
    private static final float HALF_MAX = 65504f;

    static RowSource of(final ModelSource source, final TensorEntry entry) {
        final StoredTensor tensor = new StoredTensors(source).find(entry.name()).orElseThrow();
        final StoredMatrix matrix = tensor.matrix();
        return new RowSource(entry.name(), matrix.rows(), matrix.columns(), tensor::row);
    }

    /** @throws SpillwayException INVALID_MODEL_FILE when a number is infinite or none: no quantised format holds that */
    float[] row(final int row) {
        final float[] values = numbers.row(row);
        for (int column = 0; column < values.length; column++) {
            if (!Float.isFinite(values[column])) {
                throw new SpillwayException(ErrorCode.INVALID_MODEL_FILE, "tensor '" + name + "' holds " + values[column] + " at row " + row
                    + ", column " + column + "; such weights cannot be quantised");
            }
        }
        return values;
    }

    /** @throws SpillwayException like {@link #row(int)}; INVALID_VALUE when a number is beyond what that type holds */
    float[] row(final int row, final TensorType type) {
        final float[] values = row(row);
        for (int column = 0; type == TensorType.F16 && column < values.length; column++) {
            if (Math.abs(values[column]) > HALF_MAX) {
                throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "type", "tensor '" + name + "' holds " + values[column]
                    + ", which is more than F16 can; take bf16");
            }
        }
        return values;
    }
}
