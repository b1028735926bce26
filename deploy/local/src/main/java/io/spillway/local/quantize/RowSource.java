package io.spillway.local.quantize;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.modelfile.ModelSource;
import io.spillway.modelfile.TensorEntry;
import io.spillway.node.compute.StoredMatrix;
import io.spillway.node.stored.StoredTensor;
import io.spillway.node.stored.StoredTensors;

/**
 * Rows of one tensor as floats. Immutable.
 *
 * @param name   of the tensor, for messages
 * @param matrix the stored numbers, all but the last dimension as rows
 */
record RowSource(String name, StoredMatrix matrix) {
    static RowSource of(final ModelSource source, final TensorEntry entry) {
        return new RowSource(entry.name(), new StoredTensors(source).find(entry.name()).map(StoredTensor::matrix).orElseThrow());
    }

    /** @throws SpillwayException INVALID_MODEL_FILE when a number is infinite or none: no quantised format holds that */
    float[] row(final int row) {
        final float[] values = new float[matrix.columns()];
        for (int column = 0; column < values.length; column++) {
            values[column] = matrix.at(row, column);
            if (!Float.isFinite(values[column])) {
                throw new SpillwayException(ErrorCode.INVALID_MODEL_FILE, "tensor '" + name + "' holds " + values[column] + " at row " + row
                    + ", column " + column + "; such weights cannot be quantised");
            }
        }
        return values;
    }
}
