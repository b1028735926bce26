package io.spillway.node.stored;

import java.lang.foreign.MemorySegment;

/** A matrix of MXFP4 that can be written again as GGUF's blocks, without rounding. Immutable; any thread may read while the file is open. */
public interface MxFp4Rows {
    /** @param target gets {@code TensorType.MXFP4.bytesOf(columns)} bytes from {@code at} on */
    void copyRow(int row, MemorySegment target, long at);
}
