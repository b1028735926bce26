package io.spillway.node.kvcache;

/**
 * Port: the bytes of the device's blocks. The books over them are {@link DeviceBlocks}'; whoever calls here holds leases on the blocks it names,
 * and nobody writes to a block that is read.
 *
 * <p>Copies, and the steps of the same device, take effect in the order in which they were asked for. A transfer takes effect behind every copy that
 * was asked for before it; steps under way do not touch its blocks. All methods are called by the engine thread and none waits for the device.
 */
public interface BlockMemory {
    /** @return blocks that there are */
    int blocks();

    /** @return bytes of a block */
    long blockBytes();

    /** Copies a block into another: steps that are submitted later see the copy. */
    void copy(int source, int target);

    /** @return most blocks of one reading */
    int readingBlocksMax();

    /**
     * Begins to bring blocks to host memory.
     *
     * @param blocks the first {@code count} are read, at most {@link #readingBlocksMax}; borrowed for the call
     * @return null: there is no room now
     */
    BlockReading read(int[] blocks, int count);

    /**
     * Makes room in host memory for the content of blocks.
     *
     * @param blocks the first {@code count} are to be written; borrowed for the call
     * @return for as many of the leading ones as there is room for; null: for none, now
     */
    BlockWriting write(int[] blocks, int count);
}
