package io.spillway.kvstore.index;

import io.spillway.domain.kv.BlockHash;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Blocks of one tier by hash, in the order they came: a parent that came before its child is listed before it.
 *
 * @param <T> what the tier knows of a block
 */
public final class BlockIndex<T> {
    private final Map<BlockHash, T> blocks = new LinkedHashMap<>();

    /** @return what is known, or null */
    public T get(final BlockHash hash) {
        return blocks.get(hash);
    }

    public boolean contains(final BlockHash hash) {
        return blocks.containsKey(hash);
    }

    /** @throws IllegalStateException when the block is there already */
    public void add(final BlockHash hash, final T block) {
        if (blocks.putIfAbsent(hash, block) != null) {
            throw new IllegalStateException("block is indexed already: " + hash);
        }
    }

    /** @return what was known, or null */
    public T remove(final BlockHash hash) {
        return blocks.remove(hash);
    }

    /** @return how many leading blocks of {@code chain} are here */
    public int leadingRun(final List<BlockHash> chain) {
        int run = 0;
        while (run < chain.size() && blocks.containsKey(chain.get(run))) {
            run++;
        }
        return run;
    }

    public int size() {
        return blocks.size();
    }

    /** @return unmodifiable view, oldest first */
    public Collection<T> values() {
        return Collections.unmodifiableCollection(blocks.values());
    }
}
