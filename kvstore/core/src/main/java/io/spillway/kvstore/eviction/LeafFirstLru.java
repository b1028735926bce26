package io.spillway.kvstore.eviction;

import io.spillway.domain.kv.BlockHash;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Leaf-first least recently used: of the blocks that no held block continues and nobody pins, the one used longest ago.
 * A chain is thus eaten from its end, and what many chains share goes last. When every leaf is pinned, the unpinned
 * block used longest ago goes: else a chain as long as the tier could not be read past its pinned end.
 *
 * <p>Time is a counter of uses, so equal histories choose equally. Every call is O(log n).
 */
public final class LeafFirstLru {
    private final Map<BlockHash, Node> nodes = new HashMap<>();
    /** Held children per parent hash; parents need not be held themselves. */
    private final Map<BlockHash, Integer> children = new HashMap<>();
    private final TreeMap<Long, BlockHash> leaves = new TreeMap<>();
    private final TreeMap<Long, BlockHash> inner = new TreeMap<>();
    private long uses;

    /** A block is held now, most recently used, unpinned. */
    public void add(final BlockHash hash, final BlockHash parent) {
        if (nodes.putIfAbsent(hash, new Node(parent)) != null) {
            throw new IllegalStateException("block is tracked already: " + hash);
        }
        children.merge(parent, 1, Integer::sum);
        nodes.get(hash).lastUse = ++uses;
        review(hash);
        review(parent);
    }

    /** A block is held no more. */
    public void remove(final BlockHash hash) {
        final Node node = require(hash);
        withdraw(node);
        nodes.remove(hash);
        children.computeIfPresent(node.parent, (parent, count) -> count == 1 ? null : count - 1);
        review(node.parent);
    }

    /** The block was used: it is now the most recent. */
    public void touch(final BlockHash hash) {
        final Node node = require(hash);
        withdraw(node);
        node.lastUse = ++uses;
        review(hash);
    }

    /** The block must stay until as many {@link #unpin} calls. */
    public void pin(final BlockHash hash) {
        require(hash).pins++;
        review(hash);
    }

    /** @see #pin */
    public void unpin(final BlockHash hash) {
        final Node node = require(hash);
        if (node.pins == 0) {
            throw new IllegalStateException("unpin without pin: " + hash);
        }
        node.pins--;
        review(hash);
    }

    /** @return the block to let go next; empty when every block is pinned, or nothing is held */
    public Optional<BlockHash> victim() {
        final TreeMap<Long, BlockHash> candidates = leaves.isEmpty() ? inner : leaves;
        return candidates.isEmpty() ? Optional.empty() : Optional.of(candidates.firstEntry().getValue());
    }

    /** @return blocks held */
    public int size() {
        return nodes.size();
    }

    private void review(final BlockHash hash) {
        final Node node = nodes.get(hash);
        if (node == null) {
            return;
        }
        withdraw(node);
        if (node.pins == 0) {
            (children.containsKey(hash) ? inner : leaves).put(node.lastUse, hash);
        }
    }

    private void withdraw(final Node node) {
        leaves.remove(node.lastUse);
        inner.remove(node.lastUse);
    }

    private Node require(final BlockHash hash) {
        final Node node = nodes.get(hash);
        if (node == null) {
            throw new IllegalStateException("block is not tracked: " + hash);
        }
        return node;
    }

    private static final class Node {
        private final BlockHash parent;
        private long lastUse;
        private int pins;

        private Node(final BlockHash parent) {
            this.parent = parent;
        }
    }
}
