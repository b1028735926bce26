package io.spillway.kvstore.tier;

import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.KvEvent;
import io.spillway.domain.kv.Tier;
import io.spillway.kvstore.eviction.LeafFirstLru;
import io.spillway.kvstore.index.BlockIndex;
import io.spillway.kvstore.pool.BlockPool;
import io.spillway.kvstore.pool.PooledBlock;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Blocks in DRAM, up to the size of a pool; the least recently used leaf of all chains makes room for a new block.
 *
 * <p>Single writer: the block service's thread. A block is checked against its producer's checksum whenever it is read;
 * one that fails is dropped and counted, and was never there.
 */
public final class HostTier implements AutoCloseable {
    private final BlockPool pool;
    private final BlockIndex<HostBlock> index = new BlockIndex<>();
    private final LeafFirstLru lru = new LeafFirstLru();
    private final Consumer<HostBlock> spill;
    private final Consumer<KvEvent> events;
    private long heldBytes;
    private long evictedBlocks;
    private long corruptBlocks;

    /**
     * @param pool   used by this tier alone; closed with it
     * @param spill  sees every victim before its memory is freed; must take what it needs before it returns
     * @param events told of every change, in order
     */
    public HostTier(final BlockPool pool, final Consumer<HostBlock> spill, final Consumer<KvEvent> events) {
        this.pool = pool;
        this.spill = spill;
        this.events = events;
    }

    /**
     * Takes memory for a block, evicting as needed. Until {@link #keep} or {@link #release} it is the caller's.
     *
     * @return null: the block is larger than the tier, or everything else is leased
     */
    public PooledBlock reserve(final long bytes) {
        if (pool.footprintBytes(bytes) > pool.totalBytes()) {
            return null;
        }
        PooledBlock memory = pool.allocate(bytes);
        while (memory == null && evictOne()) {
            memory = pool.allocate(bytes);
        }
        return memory;
    }

    /**
     * Makes filled memory a block of this tier; the caller keeps its lease.
     *
     * @return the block; when the tier holds that hash already, the one it holds, and {@code memory} goes with its
     *         lease
     */
    public HostBlock keep(final BlockKey key, final int crc32c, final PooledBlock memory) {
        final HostBlock held = index.get(key.hash());
        if (held != null) {
            return held;
        }
        final HostBlock parent = index.get(key.parent());
        final BlockHash chain = parent == null ? key.hash() : parent.chain();
        final HostBlock block = new HostBlock(key, crc32c, chain, memory);
        pool.keep(memory);
        index.add(key.hash(), block);
        lru.add(key.hash(), key.parent());
        lru.pin(key.hash());
        heldBytes += memory.bytes();
        events.accept(new KvEvent.BlockStored(key.hash(), key.parent(), Tier.HOST));
        return block;
    }

    /** @return the block, now the most recently used, not verified and not leased; null when it is not here */
    public HostBlock get(final BlockHash hash) {
        final HostBlock block = index.get(hash);
        if (block != null) {
            lru.touch(hash);
        }
        return block;
    }

    /** @return the block with one more lease, verified; null when it is not here or turned out corrupt */
    public HostBlock acquire(final BlockHash hash) {
        final HostBlock block = get(hash);
        if (block == null) {
            return null;
        }
        if (!block.isIntact()) {
            corruptBlocks++;
            forget(block);
            return null;
        }
        if (!pool.isLeased(block.memory())) {
            lru.pin(hash);
        }
        pool.lease(block.memory());
        return block;
    }

    /** Gives back one lease: of {@link #acquire}, or of {@link #reserve} whether or not the block was kept. */
    public void release(final BlockHash hash, final PooledBlock memory) {
        pool.release(memory);
        final HostBlock held = index.get(hash);
        if (held != null && held.memory() == memory && !pool.isLeased(memory)) {
            lru.unpin(hash);
        }
    }

    /** Lets a block go, whether or not it is leased: its memory lives until the last lease ends. */
    public void forget(final BlockHash hash) {
        final HostBlock block = index.get(hash);
        if (block != null) {
            forget(block);
        }
    }

    /** @return how many leading blocks of {@code chain} are here; does not count as use */
    public int leadingRun(final List<BlockHash> chain) {
        return index.leadingRun(chain);
    }

    public boolean contains(final BlockHash hash) {
        return index.contains(hash);
    }

    /** @return all blocks, oldest first; a view */
    public Collection<HostBlock> blocks() {
        return index.values();
    }

    public int heldBlocks() {
        return index.size();
    }

    /** @return payload bytes held */
    public long heldBytes() {
        return heldBytes;
    }

    public long maxBytes() {
        return pool.totalBytes();
    }

    public long evictedBlocks() {
        return evictedBlocks;
    }

    /** @return blocks whose bytes were found to differ from what their producer wrote */
    public long corruptBlocks() {
        return corruptBlocks;
    }

    /** Counts a block that was found corrupt outside {@link #acquire}, and lets it go. */
    public void dropCorrupt(final BlockHash hash) {
        corruptBlocks++;
        forget(hash);
    }

    /** @return true while somebody leases memory of this tier */
    public boolean isLeased() {
        return pool.use().leased() > 0;
    }

    /** @throws IllegalStateException when the pool's books do not balance */
    public void checkInvariants() {
        pool.checkInvariants();
        if (lru.size() != index.size()) {
            throw new IllegalStateException("eviction tracks " + lru.size() + " blocks, the index " + index.size());
        }
    }

    /**
     * Lets everything go and closes the pool.
     *
     * @throws IllegalStateException when somebody still leases a block
     */
    @Override
    public void close() {
        for (final HostBlock block : List.copyOf(index.values())) {
            forget(block);
        }
        pool.close();
    }

    private boolean evictOne() {
        final Optional<BlockHash> victim = lru.victim();
        if (victim.isEmpty()) {
            return false;
        }
        final HostBlock block = index.get(victim.get());
        spill.accept(block);
        evictedBlocks++;
        forget(block);
        return true;
    }

    private void forget(final HostBlock block) {
        final BlockHash hash = block.key().hash();
        index.remove(hash);
        lru.remove(hash);
        heldBytes -= block.memory().bytes();
        pool.drop(block.memory());
        events.accept(new KvEvent.BlockRemoved(hash, Tier.HOST));
    }
}
