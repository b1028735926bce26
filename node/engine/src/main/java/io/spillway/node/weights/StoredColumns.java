package io.spillway.node.weights;

import io.spillway.node.compute.DType;
import io.spillway.node.compute.StoredBlock;
import io.spillway.node.compute.StoredMatrix;

/**
 * Neighbouring columns of a stored matrix. Immutable; any thread may read while the file is open.
 *
 * @param whole   of any format
 * @param first   a multiple of the format's block
 * @param columns likewise
 */
record StoredColumns(StoredMatrix whole, int first, int columns) implements StoredMatrix {
    StoredColumns {
        if (first < 0 || columns <= 0 || columns > whole.columns() - first) {
            throw new IllegalArgumentException("columns " + first + " + " + columns + " of " + whole.columns());
        }
    }

    @Override
    public int rows() {
        return whole.rows();
    }

    @Override
    public DType packedAs() {
        return whole.packedAs();
    }

    @Override
    public void read(final int row, final int column, final StoredBlock into) {
        final int skipped = (first + column) % StoredBlock.COLUMNS;
        final int aligned = first + column - skipped;
        if (skipped == 0) {
            whole.read(row, aligned, into);
            return;
        }
        // Only formats without blocks are cut here. A piece lies in two of the whole's.
        whole.read(row, aligned, into);
        System.arraycopy(into.words(), skipped, into.words(), 0, StoredBlock.COLUMNS - skipped);
        if (aligned + StoredBlock.COLUMNS < whole.columns()) {
            final StoredBlock next = new StoredBlock();
            whole.read(row, aligned + StoredBlock.COLUMNS, next);
            System.arraycopy(next.words(), 0, into.words(), StoredBlock.COLUMNS - skipped, skipped);
        }
    }

    @Override
    public float at(final int row, final int column) {
        return whole.at(row, first + column);
    }
}
