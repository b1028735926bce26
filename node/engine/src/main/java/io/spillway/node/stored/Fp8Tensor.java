package io.spillway.node.stored;

import io.spillway.modelfile.ModelSource;
import io.spillway.modelfile.TensorEntry;
import java.util.List;
import java.util.Optional;

/** Puts an FP8 weight and its scales together: {@code X.weight_scale}, or {@code X.weight_scale_inv}, which is multiplied all the same. */
record Fp8Tensor(ModelSource source, Quantization quantization) {
    StoredTensor read(final TensorEntry entry) {
        if (entry.shape().isEmpty()) {
            throw InvalidTensor.because(source, "tensor '" + entry.name() + "' of FP8 is a single number");
        }
        final int columns = StoredTensors.size(source, entry, entry.shape().getLast());
        final int rows = StoredTensors.size(source, entry, entry.elements() / columns);
        final Optional<TensorEntry> scale = source.find(entry.name() + "_scale").or(() -> source.find(entry.name() + "_scale_inv"));
        if (scale.isEmpty() && !(quantization instanceof Quantization.None)) {
            throw InvalidTensor.because(source, "tensor '" + entry.name() + "' has no " + entry.name() + "_scale beside it");
        }
        final ScaleGrid grid = scale.map(s -> grid(s, rows, columns)).orElseGet(() -> new ScaleGrid(new float[] {1}, 1, rows, columns));
        final List<String> parts = scale.map(s -> List.of(entry.name(), s.name())).orElseGet(() -> List.of(entry.name()));
        return new StoredTensor(entry.shape(), parts, new Fp8Matrix(source.tensor(entry.name()), rows, columns, grid));
    }

    private ScaleGrid grid(final TensorEntry scale, final int rows, final int columns) {
        if (!ScaleGrid.reads(scale.type())) {
            throw InvalidTensor.because(source, "scales '" + scale.name() + "' are " + scale.type() + "; F32, F16 and BF16 are supported");
        }
        if (scale.elements() == 1) {
            return new ScaleGrid(numbers(scale), 1, rows, columns);
        }
        if (quantization instanceof Quantization.Fp8(final int tileRows, final int tileColumns) && tileRows > 0) {
            final int gridColumns = Math.ceilDiv(columns, tileColumns);
            if (scale.elements() == (long) Math.ceilDiv(rows, tileRows) * gridColumns) {
                return new ScaleGrid(numbers(scale), gridColumns, tileRows, tileColumns);
            }
        } else if (scale.elements() == rows) {
            return new ScaleGrid(numbers(scale), 1, 1, columns);
        }
        throw InvalidTensor.because(source, "scales '" + scale.name() + "' are " + scale.shapeText() + ", which fits no weight of ["
                + rows + ", " + columns + "]");
    }

    private float[] numbers(final TensorEntry scale) {
        return ScaleGrid.numbers(source.tensor(scale.name()), scale.type(), (int) scale.elements());
    }
}
