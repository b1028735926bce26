package io.spillway.sim;

import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.KvEvent;
import io.spillway.domain.kv.Tier;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** A made-up engine's device tier: named blocks that may be pinned, private blocks, free blocks; the sum never changes. */
final class Blocks {
    private final int total;
    private final Consumer<KvEvent> events;
    /** Named blocks; the first unpinned one is evicted first. */
    private final Map<BlockHash, Named> named = new LinkedHashMap<>();
    private int privateBlocks;
    private int free;

    private static final class Named {
        private final BlockHash parent;
        private int pins;

        private Named(final BlockHash parent) {
            this.parent = parent;
        }
    }

    /** What a sequence has of them. */
    static final class Lease {
        private final List<BlockHash> pinned = new ArrayList<>();
        private int privateBlocks;
    }

    Blocks(final int total, final Consumer<KvEvent> events) {
        this.total = total;
        this.free = total;
        this.events = events;
    }

    /** @return leading blocks of a chain that are here */
    int run(final List<BlockHash> chain) {
        int run = 0;
        while (run < chain.size() && named.containsKey(chain.get(run))) {
            run++;
        }
        return run;
    }

    /** @return a lease of the chain's first {@code hits} blocks and as many more as make {@code count}; null if too few */
    Lease lease(final List<BlockHash> chain, final int hits, final int count) {
        final Lease lease = new Lease();
        for (final BlockHash hash : chain.subList(0, hits)) {
            named.get(hash).pins++;
            lease.pinned.add(hash);
        }
        while (free < count - hits && evictOne()) {
            // Until there is room or nothing to evict.
            free++;
        }
        if (free < count - hits) {
            release(lease);
            return null;
        }
        free -= count - hits;
        privateBlocks += count - hits;
        lease.privateBlocks = count - hits;
        return lease;
    }

    /** A private block of the lease is full and gets its name; if another has it already, it stays private. */
    void name(final Lease lease, final BlockHash hash, final BlockHash parent) {
        if (named.containsKey(hash) || lease.privateBlocks == 0) {
            return;
        }
        final Named block = new Named(parent);
        block.pins = 1;
        named.put(hash, block);
        lease.pinned.add(hash);
        lease.privateBlocks--;
        privateBlocks--;
        events.accept(new KvEvent.BlockStored(hash, parent, Tier.DEVICE));
    }

    /** Gives a lease back. Its named blocks stay cached, the last of the chain to be evicted first. */
    void release(final Lease lease) {
        for (final BlockHash hash : lease.pinned.reversed()) {
            final Named block = named.get(hash);
            block.pins--;
            if (block.pins == 0) {
                named.remove(hash);
                named.put(hash, block);
            }
        }
        lease.pinned.clear();
        free += lease.privateBlocks;
        privateBlocks -= lease.privateBlocks;
        lease.privateBlocks = 0;
    }

    List<KvEvent> snapshot() {
        final List<KvEvent> all = new ArrayList<>();
        named.forEach((hash, block) -> all.add(new KvEvent.BlockStored(hash, block.parent, Tier.DEVICE)));
        return all;
    }

    int free() {
        return free;
    }

    int cached() {
        return (int) named.values().stream().filter(block -> block.pins == 0).count();
    }

    int leased() {
        return total - free - cached();
    }

    void check() {
        if (free < 0 || privateBlocks < 0 || free + privateBlocks + named.size() != total) {
            throw new AssertionError("blocks are not conserved: " + free + " free, " + privateBlocks + " private, "
                + named.size() + " named of " + total);
        }
    }

    private boolean evictOne() {
        for (final Map.Entry<BlockHash, Named> entry : named.entrySet()) {
            if (entry.getValue().pins == 0) {
                named.remove(entry.getKey());
                events.accept(new KvEvent.BlockRemoved(entry.getKey(), Tier.DEVICE));
                return true;
            }
        }
        return false;
    }
}
