package io.spillway.node.weights;

import io.spillway.node.compute.DType;
import io.spillway.node.compute.MatrixPacker;
import io.spillway.node.compute.MatrixPacker.RowOrder;
import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.compute.StoredBlock;
import io.spillway.node.compute.StoredMatrix;
import io.spillway.node.compute.WorkerPool;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.stream.IntStream;

/**
 * A matrix of a model before it is read: known by format and shape, its tensor found and checked. It is read in one of three ways: for the
 * host ({@link #load}), packed into memory of the caller's ({@link #packInto}), or row by row as a plain array of elements ({@link #copyRows}).
 * The last two leave nothing behind in host memory, so that a device can be given a model that the host could not hold. {@link #someRows} and
 * {@link #someColumns} describe a part of it, for one rank of several.
 *
 * <p>Thread: the loading one; the backend's workers help inside a call. The file must be open.
 */
public final class WeightMatrix {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int TASK_ROWS = 64;

    private final String label;
    private final StoredMatrix stored;
    private final int rows;
    private final RowOrder order;
    private final Reading reading;
    private final WeightMatrix whole; // null, or what this is consecutive rows of
    private final int firstRow;       // of whole
    private PackedMatrix loaded; // null until then

    /** What reading a matrix needs of its model's loader. */
    interface Reading {
        /** @return what a stored matrix becomes */
        DType packedAs(StoredMatrix stored);

        /** @return zeroed memory of the model's */
        PackedMatrix allocate(DType dtype, int rows, int columns);

        /** @return whether the matrix was kept and is in {@code target} now */
        boolean readKept(String label, PackedMatrix target);

        /** Keeps a matrix that stays in memory until loading ends. */
        void keep(String label, PackedMatrix matrix);

        /** @return who helps */
        WorkerPool workers();

        /** Notes progress. */
        void done(long elements);
    }

    /**
     * @param label  one of its kind in the model
     * @param rows   of this matrix
     * @param order  which stored rows they are
     */
    WeightMatrix(final String label, final StoredMatrix stored, final int rows, final RowOrder order, final Reading reading) {
        this.label = label;
        this.stored = stored;
        this.rows = rows;
        this.order = order;
        this.reading = reading;
        whole = null;
        firstRow = 0;
    }

    private WeightMatrix(final WeightMatrix whole, final int firstRow, final int rows) {
        label = whole.label + "[" + firstRow + "+" + rows + "]";
        stored = whole.stored;
        this.rows = rows;
        order = row -> whole.order.sourceRow(firstRow + row);
        reading = whole.reading;
        this.whole = whole;
        this.firstRow = firstRow;
    }

    /** @return {@code count} outputs from {@code first} on, not read yet; this matrix itself when that is all of it */
    public WeightMatrix someRows(final int first, final int count) {
        if (first < 0 || count <= 0 || count > rows - first) {
            throw new IllegalArgumentException("rows " + first + " + " + count + " of " + rows);
        }
        return count == rows ? this : new WeightMatrix(this, first, count);
    }

    /**
     * @return {@code count} inputs from {@code first} on, not read yet; this matrix itself when that is all of it
     * @throws IllegalArgumentException when a block of the format would be cut
     */
    public WeightMatrix someColumns(final int first, final int count) {
        if (first == 0 && count == columns()) {
            return this;
        }
        if (first % dtype().blockColumns() != 0 || count % dtype().blockColumns() != 0) {
            throw new IllegalArgumentException("columns " + first + " + " + count + " of " + label + " cut blocks of " + dtype().blockColumns());
        }
        return new WeightMatrix(label + "[:" + first + "+" + count + "]", new StoredColumns(stored, first, count), rows, order, reading);
    }

    /** @return what it is, one of its kind in the model */
    public String label() {
        return label;
    }

    /** @return format of its elements, as packed */
    public DType dtype() {
        return reading.packedAs(stored);
    }

    /** @return outputs */
    public int rows() {
        return rows;
    }

    /** @return inputs */
    public int columns() {
        return stored.columns();
    }

    /** @return bytes that {@link #packInto} needs */
    public long packedBytes() {
        return PackedMatrix.sizeBytes(dtype(), rows, columns());
    }

    /** @return the matrix in the model's host memory, packed; the same one every time; borrowed until the model is closed */
    public PackedMatrix load() {
        if (loaded == null && isStripsOfLoaded()) {
            loaded = stripsOfLoaded();
        }
        if (loaded == null) {
            final PackedMatrix packed = reading.allocate(dtype(), rows, columns());
            final String keptAs = keptAs();
            if (!reading.readKept(keptAs, packed)) {
                pack(packed);
                reading.keep(keptAs, packed);
            }
            loaded = packed;
            reading.done((long) rows * columns());
        }
        return loaded;
    }

    /** @return whether these rows stand somewhere already, by themselves */
    private boolean isStripsOfLoaded() {
        return whole != null && whole.loaded != null && firstRow % PackedMatrix.STRIP_ROWS == 0
                && (rows % PackedMatrix.STRIP_ROWS == 0 || firstRow + rows == whole.rows);
    }

    private PackedMatrix stripsOfLoaded() {
        final long at = PackedMatrix.sizeBytes(dtype(), 1, columns()) * (firstRow / PackedMatrix.STRIP_ROWS);
        return new PackedMatrix(dtype(), rows, columns(), whole.loaded.bytes().asSlice(at, packedBytes()));
    }

    /**
     * Packs the matrix somewhere else.
     *
     * @param target at least {@link #packedBytes} bytes that any thread may write, zeroed here; borrowed for the call
     * @return the matrix in {@code target}
     */
    public PackedMatrix packInto(final MemorySegment target) {
        final PackedMatrix packed = new PackedMatrix(dtype(), rows, columns(), target.asSlice(0, packedBytes()));
        packed.bytes().fill((byte) 0);
        if (!reading.readKept(keptAs(), packed)) {
            pack(packed);
        }
        reading.done((long) rows * columns());
        return packed;
    }

    /** A kept matrix is ours only if it was made of the same rows in the same order. */
    private String keptAs() {
        return label + "#" + IntStream.range(0, rows).map(order::sourceRow).reduce(1, (hash, row) -> 31 * hash + row);
    }

    private void pack(final PackedMatrix target) {
        reading.workers().run(target.strips(), (strip, worker) -> MatrixPacker.packStrip(stored, order, target, strip));
    }

    /** @return bytes of an element in a plain row: 4 of F32, 2 of F16 and BF16 @throws IllegalStateException for any other format */
    public int elementBytes() {
        return switch (dtype()) {
            case F32 -> Float.BYTES;
            case F16, BF16 -> Short.BYTES;
            default -> throw new IllegalStateException(label + " is " + dtype() + " and has no plain rows");
        };
    }

    /**
     * Copies rows as they are: their elements one behind the other, little-endian, in the format that {@link #dtype} says.
     *
     * @param firstRow    of this matrix
     * @param rowCount    how many
     * @param target      for any thread to write, borrowed for the call; row {@code i} begins at {@code i · strideBytes}; what lies between rows stays as it is
     * @param strideBytes at least {@code columns() · elementBytes()}
     * @throws IllegalStateException for a format of blocks
     */
    public void copyRows(final int firstRow, final int rowCount, final MemorySegment target, final long strideBytes) {
        final long rowBytes = (long) columns() * elementBytes();
        final boolean fits = firstRow >= 0 && rowCount > 0 && rowCount <= rows - firstRow && strideBytes >= rowBytes
                && target.byteSize() >= (rowCount - 1) * strideBytes + rowBytes;
        if (!fits) {
            throw new IllegalArgumentException(rowCount + " rows from " + firstRow + " on, " + strideBytes + " bytes apart, of ["
                    + rows + ", " + columns() + "] into " + target.byteSize() + " bytes");
        }
        reading.workers().run(Math.ceilDiv(rowCount, TASK_ROWS), (task, worker) -> {
            final StoredBlock block = new StoredBlock();
            for (int row = task * TASK_ROWS; row < Math.min(rowCount, (task + 1) * TASK_ROWS); row++) {
                copyRow(order.sourceRow(firstRow + row), block, target, row * strideBytes);
            }
        });
        reading.done((long) rowCount * columns());
    }

    private void copyRow(final int source, final StoredBlock block, final MemorySegment target, final long at) {
        final boolean expands = stored.packedAs() != dtype();
        for (int column = 0; column < columns(); column += StoredBlock.COLUMNS) {
            final int count = Math.min(StoredBlock.COLUMNS, columns() - column);
            if (expands) {
                for (int i = 0; i < count; i++) {
                    target.set(INT, at + (column + i) * 4L, Float.floatToRawIntBits(stored.at(source, column + i)));
                }
                continue;
            }
            stored.read(source, column, block);
            for (int i = 0; i < count; i++) {
                if (elementBytes() == Float.BYTES) {
                    target.set(INT, at + (column + i) * 4L, block.words()[i]);
                } else {
                    target.set(SHORT, at + (column + i) * 2L, (short) block.words()[i]);
                }
            }
        }
    }
}
