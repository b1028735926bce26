package io.spillway.node.kvcache;

import java.lang.foreign.MemorySegment;

/** Blocks on their way to host memory. Methods are called by the engine thread; segments may be read by any. */
public interface BlockReading {
    /** @return how far it is; once {@link TransferState#DONE}, segments hold the blocks */
    TransferState state();

    /** @return the host's copy of the {@code index}-th block; valid until {@link #release} of it. Of a zero-copy device the block itself */
    MemorySegment segment(int index);

    /** The {@code index}-th block's copy is not needed any more. Once for each, when it is done or failed. */
    void release(int index);
}
