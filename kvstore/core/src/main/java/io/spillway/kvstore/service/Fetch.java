package io.spillway.kvstore.service;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.id.NodeId;
import io.spillway.domain.kv.BlockHash;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Blocks to bring from one peer.
 *
 * @param blocks  consecutive blocks of a chain
 * @param targets one per block, exactly as long as the block; borrowed until the fetch's future completes
 */
public record Fetch(NodeId peer, List<BlockHash> blocks, List<MemorySegment> targets, BlockSink sink) {
    public Fetch {
        requireNonNull(peer, "peer");
        requireNonNull(sink, "sink");
        blocks = List.copyOf(blocks);
        targets = List.copyOf(targets);
        if (blocks.size() != targets.size()) {
            throw new IllegalArgumentException(blocks.size() + " blocks, " + targets.size() + " targets");
        }
    }
}
