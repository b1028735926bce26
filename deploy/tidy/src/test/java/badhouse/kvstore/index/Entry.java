package badhouse.kvstore.index;

import badhouse.kvstore.pool.BlockManager;

/** The other half of a cycle. */
public final class Entry {
    BlockManager blocks = new BlockManager();
}
