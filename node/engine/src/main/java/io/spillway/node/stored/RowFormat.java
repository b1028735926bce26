package io.spillway.node.stored;

import io.spillway.node.compute.DType;
import io.spillway.node.compute.StoredBlock;
import java.lang.foreign.MemorySegment;

/**
 * A format that stores a row as blocks, one behind the other. Stateless; every offset is in bytes from the start of the
 * tensor, and the tensor is long enough (who opened the file saw to that).
 */
interface RowFormat {
    /** @return the narrowest packed format that holds every number exactly */
    DType packedAs();

    /** @return bytes of a row of that many columns, a whole number of blocks */
    long rowBytes(int columns);

    /** @return the element at {@code column} of the row that starts at byte {@code row}: the format's definition */
    float at(MemorySegment stored, long row, int column);

    /**
     * Decodes a piece, see {@link io.spillway.node.compute.StoredMatrix#read}.
     *
     * @param count columns from {@code column} to the end of the row
     */
    void read(MemorySegment stored, long row, int column, int count, StoredBlock into);
}
