package io.spillway.kvstore.tier;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.kv.BlockHash;

/** A block and the block before it in its chain. */
public record BlockKey(BlockHash hash, BlockHash parent) {
    public BlockKey {
        requireNonNull(hash, "hash");
        requireNonNull(parent, "parent");
        if (hash.equals(parent)) {
            throw new IllegalArgumentException("a block cannot follow itself: " + hash);
        }
    }
}
