package io.spillway.node.weights;

import io.spillway.modelfile.ModelSource;
import io.spillway.modelfile.TensorEntry;
import io.spillway.node.compute.StoredMatrix;
import io.spillway.node.stored.MxFp4Rows;
import io.spillway.node.stored.StoredTensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.IntUnaryOperator;

/**
 * Rows of stored matrices, one matrix after the other, in another order. Immutable; any thread may read while the source is open.
 *
 * @param matrices of equally many rows
 * @param bytes    what each lies in, where it is one tensor of the source; else null
 * @param order    which stored number stands where
 * @param columns  numbers of a row
 */
record OrderedRows(List<StoredMatrix> matrices, List<MemorySegment> bytes, Order order, int columns) implements ConvertedTensor.Rows {
    /**
     * Which stored number stands where.
     *
     * @param row    stored row of a row
     * @param column stored column of a column
     * @param added  to every number
     */
    record Order(IntUnaryOperator row, IntUnaryOperator column, float added) {
        static final IntUnaryOperator SAME = i -> i;
        static final Order AS_STORED = new Order(SAME, SAME, 0);

        static Order ofRows(final IntUnaryOperator row) {
            return new Order(row, SAME, 0);
        }
    }

    static OrderedRows of(final ModelSource source, final List<StoredTensor> tensors, final Order order, final int columns) {
        final boolean whole = tensors.stream().allMatch(tensor -> tensor.parts().size() == 1);
        return new OrderedRows(tensors.stream().map(StoredTensor::matrix).toList(),
                whole ? tensors.stream().map(tensor -> source.tensor(tensor.parts().getFirst())).toList() : null, order, columns);
    }

    /** @return the entries that those tensors are made of */
    static List<TensorEntry> parts(final ModelSource source, final List<StoredTensor> tensors) {
        return tensors.stream().flatMap(tensor -> tensor.parts().stream()).map(part -> source.find(part).orElseThrow()).toList();
    }

    boolean isMxFp4() {
        return bytes == null && matrices.getFirst() instanceof MxFp4Rows;
    }

    @Override
    public float[] row(final int row) {
        final int stored = order.row().applyAsInt(row);
        final StoredMatrix matrix = matrices.get(stored / matrices.getFirst().rows());
        final int own = stored % matrix.rows();
        final float[] values = new float[columns];
        for (int column = 0; column < columns; column++) {
            values[column] = matrix.at(own, order.column().applyAsInt(column)) + order.added();
        }
        return values;
    }

    @Override
    public boolean copies() {
        return isMxFp4() || bytes != null && order.column() == Order.SAME && order.added() == 0;
    }

    @Override
    public void copyRow(final int row, final MemorySegment target, final long at) {
        final int stored = order.row().applyAsInt(row);
        final int which = stored / matrices.getFirst().rows();
        final StoredMatrix matrix = matrices.get(which);
        final int own = stored % matrix.rows();
        if (isMxFp4()) {
            ((MxFp4Rows) matrix).copyRow(own, target, at);
        } else {
            final long rowBytes = bytes.get(which).byteSize() / matrix.rows();
            MemorySegment.copy(bytes.get(which), own * rowBytes, target, at, rowBytes);
        }
    }
}
