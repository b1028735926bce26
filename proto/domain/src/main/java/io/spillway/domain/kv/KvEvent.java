package io.spillway.domain.kv;

import static java.util.Objects.requireNonNull;

/** What a member tells the prefix index about its blocks. */
public sealed interface KvEvent {
    /** A block can now be read from {@code tier} of the source. {@code parent} is the hash before it in its chain. */
    record BlockStored(BlockHash hash, BlockHash parent, Tier tier) implements KvEvent {
        public BlockStored {
            requireNonNull(hash, "hash");
            requireNonNull(parent, "parent");
            requireNonNull(tier, "tier");
        }
    }

    /** A block can no longer be read from {@code tier} of the source. */
    record BlockRemoved(BlockHash hash, Tier tier) implements KvEvent {
        public BlockRemoved {
            requireNonNull(hash, "hash");
            requireNonNull(tier, "tier");
        }
    }

    /** The source holds nothing any more, in any tier. */
    record AllBlocksCleared() implements KvEvent {
    }
}
