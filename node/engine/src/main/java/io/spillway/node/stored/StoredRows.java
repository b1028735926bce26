package io.spillway.node.stored;

import static java.util.Objects.requireNonNull;

import io.spillway.modelfile.TensorType;
import io.spillway.node.compute.DType;
import io.spillway.node.compute.StoredBlock;
import io.spillway.node.compute.StoredMatrix;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** A matrix that lies row by row in one tensor: everything that GGUF has, and plain safetensors. */
public final class StoredRows implements StoredMatrix {
    private final MemorySegment bytes;
    private final RowFormat format;
    private final int rows;
    private final int columns;
    private final long rowBytes;

    private StoredRows(final MemorySegment bytes, final RowFormat format, final int rows, final int columns) {
        this.bytes = requireNonNull(bytes, "bytes");
        this.format = format;
        this.rows = rows;
        this.columns = columns;
        rowBytes = format.rowBytes(columns);
        if (rows <= 0 || columns <= 0 || bytes.byteSize() < Math.multiplyExact(rowBytes, (long) rows)) {
            throw new IllegalArgumentException("no [" + rows + ", " + columns + "] matrix lies in " + bytes.byteSize() + " bytes");
        }
    }

    /**
     * @param bytes   the tensor, borrowed; {@code [rows][columns]} row-major
     * @param columns a whole number of the type's blocks
     * @return empty for a type that is not supported
     */
    public static Optional<StoredMatrix> of(final MemorySegment bytes, final TensorType type, final int rows, final int columns) {
        return RowFormats.of(type).map(format -> new StoredRows(bytes, format, rows, columns));
    }

    /** @return whether {@link #of} reads that type */
    public static boolean reads(final TensorType type) {
        return RowFormats.of(type).isPresent();
    }

    @Override
    public int rows() {
        return rows;
    }

    @Override
    public int columns() {
        return columns;
    }

    @Override
    public DType packedAs() {
        return format.packedAs();
    }

    @Override
    public void read(final int row, final int column, final StoredBlock into) {
        format.read(bytes, row * rowBytes, column, columns - column, into);
    }

    @Override
    public float at(final int row, final int column) {
        return format.at(bytes, row * rowBytes, column);
    }
}
