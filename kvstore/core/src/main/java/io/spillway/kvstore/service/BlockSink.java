package io.spillway.kvstore.service;

import io.spillway.kvstore.tier.BlockKey;
import java.lang.foreign.MemorySegment;

/** Told of every block that a fetch brought, in order, verified. */
@FunctionalInterface
public interface BlockSink {
    /** Nobody listens. */
    BlockSink NONE = (key, bytes) -> { };

    /**
     * Runs on the transport's thread; must not block.
     *
     * @param bytes the target that now holds the block
     */
    void onBlock(BlockKey key, MemorySegment bytes);
}
