package io.spillway.node.kvcache;

import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.KvEvent;
import io.spillway.domain.kv.Tier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.agrona.collections.Object2IntHashMap;

/**
 * Books over the blocks of the device: each is free, leased (counted) or cached (has an identity, nobody leases it).
 *
 * <p>Identified blocks form trees by their chains. Two rules keep every one of them reachable from its root: a block
 * gets its identity only under an identified parent (or a root), and only a leaf is evicted, the least recently used
 * first. A block that is to be kept until some moment counts as used at that moment, so it goes after all that nobody wants kept, and
 * before a sequence goes without; at most half of the blocks are kept. {@code pins} counts the children whose subtree holds a lease, so that {@link #allocatable()} is exact.
 *
 * <p>Single writer: the engine thread. Misuse is a bug and throws {@link IllegalStateException}.
 */
public final class DeviceBlocks {
    /** Stands for "no block": the parent of a chain's first block, or nothing found. */
    public static final int NONE = -1;

    private final Consumer<KvEvent> events;
    private final Object2IntHashMap<BlockHash> index = new Object2IntHashMap<>(NONE);
    private final BlockHash[] hashes;       // [blocks], null: no identity
    private final BlockHash[] parentHashes; // [blocks], null: no identity
    private final int[] parents;            // [blocks], NONE at the root or without identity
    private final int[] children;           // [blocks], identified children on the device
    private final int[] pins;               // [blocks], children that are leased or pinned themselves
    private final int[] leases;             // [blocks]
    private final boolean[] saved;          // [blocks], the block store has had a copy
    private final long[] lastUsedNanos;     // [blocks], of a kept one the moment until which it is kept
    private final boolean[] kept;           // [blocks]
    private final int[] freeStack;          // [blocks]
    private final LeafHeap leaves;
    private int freeCount;
    private int leasedCount;
    private int cachedCount;
    private int evictableCount;
    private int keptCount;
    private long evictedCount;

    /**
     * @param blocks blocks of the device, all free
     * @param events told of every identity given and taken, in order, on the engine thread
     */
    public DeviceBlocks(final int blocks, final Consumer<KvEvent> events) {
        this.events = events;
        hashes = new BlockHash[blocks];
        parentHashes = new BlockHash[blocks];
        parents = new int[blocks];
        children = new int[blocks];
        pins = new int[blocks];
        leases = new int[blocks];
        saved = new boolean[blocks];
        lastUsedNanos = new long[blocks];
        kept = new boolean[blocks];
        leaves = new LeafHeap(lastUsedNanos);
        freeStack = new int[blocks];
        Arrays.fill(parents, NONE);
        for (int block = blocks - 1; block >= 0; block--) {
            freeStack[freeCount++] = block;
        }
    }

    /** @return blocks of the device */
    public int total() {
        return leases.length;
    }

    /** @return blocks that hold nothing */
    public int free() {
        return freeCount;
    }

    /** @return blocks with at least one lease */
    public int leased() {
        return leasedCount;
    }

    /** @return blocks with an identity that nobody leases */
    public int cached() {
        return cachedCount;
    }

    /** @return how many times {@link #acquire()} would succeed now: free blocks, and cached ones no lease depends on */
    public int allocatable() {
        return freeCount + evictableCount;
    }

    /** @return blocks evicted since the start */
    public long evicted() {
        return evictedCount;
    }

    /** @return leases on {@code block} */
    public int leases(final int block) {
        return leases[block];
    }

    /** @return identity of {@code block}; null when it has none */
    public BlockHash hash(final int block) {
        return hashes[block];
    }

    /** @return hash before {@code block} in its chain; null when it has no identity */
    public BlockHash parentHash(final int block) {
        return parentHashes[block];
    }

    /** Notes that the block store has a copy of an identified, leased block: to lose it here costs a fetch at most. */
    public void markSaved(final int block) {
        if (leases[block] == 0 || hashes[block] == null) {
            throw new IllegalStateException("block " + block + " is free or has no identity to be saved under");
        }
        saved[block] = true;
    }

    /** @return whether the block store had a copy when last heard of */
    public boolean saved(final int block) {
        return saved[block];
    }

    /** @return the block of that identity, or {@link #NONE} */
    public int find(final BlockHash hash) {
        return index.getValue(hash);
    }

    /** @return a block without identity, leased once; evicts if none is free; {@link #NONE} when all are in use */
    public int acquire() {
        final int block;
        if (freeCount > 0) {
            block = freeStack[--freeCount];
        } else if (leaves.size() > 0) {
            block = leaves.poll();
            unpublish(block);
            evictedCount++;
        } else {
            return NONE;
        }
        leases[block] = 1;
        leasedCount++;
        return block;
    }

    /** Adds a lease to a leased or cached block. */
    public void lease(final int block) {
        if (leases[block] == 0 && hashes[block] == null) {
            throw new IllegalStateException("block " + block + " is free and cannot be leased");
        }
        if (leases[block]++ > 0) {
            return;
        }
        cachedCount--;
        leasedCount++;
        if (children[block] == 0) {
            leaves.remove(block);
        }
        if (pins[block] == 0) {
            evictableCount--;
            pin(parents[block]);
        }
    }

    /** Gives one lease back; the last one leaves the block cached if it has an identity, free if not. */
    public void release(final int block) {
        if (leases[block] <= 0) {
            throw new IllegalStateException("block " + block + " released more often than leased");
        }
        if (--leases[block] > 0) {
            return;
        }
        leasedCount--;
        if (hashes[block] == null) {
            freeStack[freeCount++] = block;
            return;
        }
        cachedCount++;
        if (pins[block] == 0) {
            evictableCount++;
            unpin(parents[block]);
        }
        if (children[block] == 0) {
            leaves.add(block);
        }
    }

    /** Notes a use, for the eviction order. The block must be leased. */
    public void touch(final int block, final long nowNanos) {
        if (leases[block] == 0) {
            throw new IllegalStateException("block " + block + " is used without a lease");
        }
        if (kept[block] && lastUsedNanos[block] - nowNanos > 0) {
            return;
        }
        unkeep(block);
        lastUsedNanos[block] = nowNanos;
    }

    /**
     * Notes that a block should not be evicted before that moment if it can be helped; a later moment said before stays.
     * The block must be leased and identified.
     *
     * @return false: as many blocks are kept as may be, this one is not among them
     */
    public boolean keep(final int block, final long untilNanos, final long nowNanos) {
        if (leases[block] == 0 || hashes[block] == null) {
            throw new IllegalStateException("block " + block + " is free or has no identity to be kept under");
        }
        if (kept[block]) {
            lastUsedNanos[block] = lastUsedNanos[block] - untilNanos > 0 ? lastUsedNanos[block] : untilNanos;
            return true;
        }
        if (keptCount >= total() / 2 && !unkeepExpired(nowNanos)) {
            return false;
        }
        kept[block] = true;
        keptCount++;
        lastUsedNanos[block] = untilNanos;
        return true;
    }

    /** @return blocks that are to be kept; some of them perhaps no longer */
    public int kept() {
        return keptCount;
    }

    private boolean unkeepExpired(final long nowNanos) {
        final int before = keptCount;
        for (int block = 0; block < total(); block++) {
            if (kept[block] && lastUsedNanos[block] - nowNanos <= 0) {
                unkeep(block);
            }
        }
        return keptCount < before;
    }

    private void unkeep(final int block) {
        keptCount -= kept[block] ? 1 : 0;
        kept[block] = false;
    }

    /**
     * Gives a leased block its identity, from now on found by others.
     *
     * @param parent     hash before it: a root, or the identity of {@code parentBlock}
     * @param parentBlock leased block of {@code parent}; {@link #NONE} under a root
     * @return false, nothing changed: another block has this identity already
     */
    public boolean publish(final int block, final BlockHash hash, final BlockHash parent, final int parentBlock) {
        if (leases[block] == 0 || hashes[block] != null) {
            throw new IllegalStateException("block " + block + " is free or has an identity already");
        }
        if (parentBlock != NONE && !parent.equals(hashes[parentBlock])) {
            throw new IllegalStateException("parent block " + parentBlock + " is not " + parent);
        }
        if (index.containsKey(hash)) {
            return false;
        }
        index.put(hash, block);
        hashes[block] = hash;
        parentHashes[block] = parent;
        parents[block] = parentBlock;
        if (parentBlock != NONE) {
            if (leaves.contains(parentBlock)) {
                leaves.remove(parentBlock);
            }
            children[parentBlock]++;
            pin(parentBlock);
        }
        events.accept(new KvEvent.BlockStored(hash, parent, Tier.DEVICE));
        return true;
    }

    /** @return whether the block was cached and a leaf: then it is free now and its identity forgotten */
    public boolean forget(final int block) {
        if (!leaves.contains(block)) {
            return false;
        }
        leaves.remove(block);
        unpublish(block);
        freeStack[freeCount++] = block;
        return true;
    }

    /** Forgets everything. Only when nothing is leased. */
    public void clear() {
        if (leasedCount > 0) {
            throw new IllegalStateException(leasedCount + " blocks are still leased");
        }
        while (leaves.size() > 0) {
            final int block = leaves.poll();
            detach(block);
            freeStack[freeCount++] = block;
        }
        events.accept(new KvEvent.AllBlocksCleared());
    }

    /** @return blocks that become allocatable when one lease on each of {@code chain[0..count)} is given back */
    int reclaimable(final int[] chain, final int count) {
        int reclaimed = 0;
        boolean childFreed = false;
        for (int i = count - 1; i >= 0; i--) {
            final int block = chain[i];
            final int pinsLeft = pins[block] - (childFreed && hashes[chain[i + 1]] != null ? 1 : 0);
            childFreed = leases[block] == 1 && pinsLeft == 0;
            reclaimed += childFreed ? 1 : 0;
        }
        return reclaimed;
    }

    /** @return every identified block, parents before their children */
    public List<KvEvent.BlockStored> held() {
        final List<KvEvent.BlockStored> held = new ArrayList<>(index.size());
        final boolean[] listed = new boolean[total()];
        final int[] path = new int[total()];
        for (int block = 0; block < total(); block++) {
            int depth = 0;
            for (int b = block; b != NONE && hashes[b] != null && !listed[b]; b = parents[b]) {
                path[depth++] = b;
            }
            while (depth > 0) {
                final int b = path[--depth];
                listed[b] = true;
                held.add(new KvEvent.BlockStored(hashes[b], parentHashes[b], Tier.DEVICE));
            }
        }
        return held;
    }

    /** @throws IllegalStateException when the books do not add up: conservation, pins, children, leaves, index */
    public void checkInvariants() {
        new BlockAudit(this).run();
    }

    private void unpublish(final int block) {
        final BlockHash hash = detach(block);
        events.accept(new KvEvent.BlockRemoved(hash, Tier.DEVICE));
    }

    /** Takes the identity of a cached leaf that has left the heap. */
    private BlockHash detach(final int block) {
        final BlockHash hash = hashes[block];
        final int parent = parents[block];
        index.removeKey(hash);
        hashes[block] = null;
        parentHashes[block] = null;
        parents[block] = NONE;
        saved[block] = false;
        unkeep(block);
        cachedCount--;
        evictableCount--;
        if (parent != NONE && --children[parent] == 0 && leases[parent] == 0) {
            leaves.add(parent);
        }
        return hash;
    }

    private void pin(final int start) {
        int block = start;
        while (block != NONE && pins[block]++ == 0 && leases[block] == 0) {
            evictableCount--;
            block = parents[block];
        }
    }

    private void unpin(final int start) {
        int block = start;
        while (block != NONE && --pins[block] == 0 && leases[block] == 0) {
            evictableCount++;
            block = parents[block];
        }
    }

    int parent(final int block) {
        return parents[block];
    }

    int children(final int block) {
        return children[block];
    }

    int pins(final int block) {
        return pins[block];
    }

    boolean leaf(final int block) {
        return leaves.contains(block);
    }

    boolean isKept(final int block) {
        return kept[block];
    }

    int identified() {
        return index.size();
    }
}
