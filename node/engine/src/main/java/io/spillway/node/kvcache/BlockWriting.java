package io.spillway.node.kvcache;

import java.lang.foreign.MemorySegment;

/**
 * Blocks on their way to the device: room in host memory that others fill, and then the transfer. Methods are called by the engine thread; segments
 * may be written by any until {@link #begin}.
 */
public interface BlockWriting {
    /** @return leading blocks that there is room for; at least 1 */
    int count();

    /** @return where the content of the {@code index}-th block is put; valid until {@link #close}. Of a zero-copy device the block itself */
    MemorySegment segment(int index);

    /** The first {@code count} segments are filled: begins the transfer of those. At most once. */
    void begin(int count);

    /**
     * @return whether steps that are submitted from now on see the blocks. A device that brings layers one after the other, and lets a step wait for
     *         each by itself, says so before it is done; should the transfer fail then, so do the steps that read it
     */
    boolean usable();

    /** @return how far the transfer is */
    TransferState state();

    /** Ends it. Not while a transfer is under way, nor while somebody may write to a segment. */
    void close();
}
