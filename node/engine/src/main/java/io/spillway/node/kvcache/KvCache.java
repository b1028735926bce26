package io.spillway.node.kvcache;

import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.KvEvent;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.Consumer;

/**
 * The device tier as sequences use it: match a prefix, grow, publish full blocks, give back.
 *
 * <p>One identity has one block. A sequence that fills a block whose identity was published meanwhile takes the
 * published one into its table and gives its own back: the bits are equal, because the model is batch-invariant.
 *
 * <p>Single writer: the engine thread. The memory belongs to whoever made this.
 */
public final class KvCache {
    private final DeviceBlocks blocks;
    private final BlockMemory memory;
    private final int blockTokens;
    private final Limbo limbo;

    /** Blocks in host memory. @param slab borrowed; block {@code b} starts at {@code b * shape.blockBytes()} */
    public KvCache(final MemorySegment slab, final Shape shape, final Consumer<KvEvent> events) {
        this(new HostBlocks(slab, shape.blockBytes()), shape, events);
    }

    /**
     * @param memory borrowed
     * @param events told of every change of what can be found here, in order, on the engine thread
     */
    public KvCache(final BlockMemory memory, final Shape shape, final Consumer<KvEvent> events) {
        if (memory.blocks() < shape.blocks() || memory.blockBytes() != shape.blockBytes()) {
            throw new IllegalArgumentException("a memory of " + memory.blocks() + " blocks of " + memory.blockBytes() + " bytes is too small for " + shape);
        }
        this.memory = memory;
        blockTokens = shape.blockTokens();
        blocks = new DeviceBlocks(shape.blocks(), events);
        limbo = new Limbo(blocks);
    }

    /** How much the device holds. */
    public record Shape(int blocks, int blockTokens, long blockBytes) {
    }

    /** @return the books: counts, leases, identities */
    public DeviceBlocks blocks() {
        return blocks;
    }

    /** @return the bytes behind the books; to be used only under leases */
    public BlockMemory memory() {
        return memory;
    }

    /** @return bytes of one block */
    public long blockBytes() {
        return memory.blockBytes();
    }

    /**
     * Leases published blocks of {@code chain} into the table, from where its published part ends.
     *
     * @param table     without private blocks
     * @param blocksMax where in the chain to stop
     * @return blocks added
     */
    public int match(final BlockTable table, final List<BlockHash> chain, final int blocksMax) {
        if (table.count() != table.published()) {
            throw new IllegalStateException("a table with private blocks cannot be extended by a match");
        }
        final int before = table.count();
        for (int i = before; i < Math.min(blocksMax, chain.size()); i++) {
            final int block = blocks.find(chain.get(i));
            if (block == DeviceBlocks.NONE) {
                break;
            }
            blocks.lease(block);
            table.append(block);
            table.onePublished();
        }
        return table.count() - before;
    }

    /**
     * Copies a published block into a private one at the table's end: for a sequence that must compute the last token
     * of a block again, in order to see its logits, and may not write to what others read.
     *
     * @return false, nothing changed: not published, or no room
     */
    public boolean appendCopy(final BlockTable table, final BlockHash hash) {
        final int source = blocks.find(hash);
        if (source == DeviceBlocks.NONE) {
            return false;
        }
        blocks.lease(source); // or the room for the copy might be made by evicting it
        final int copy = blocks.acquire();
        if (copy != DeviceBlocks.NONE) {
            memory.copy(source, copy);
            table.append(copy);
        }
        blocks.release(source);
        return copy != DeviceBlocks.NONE;
    }

    /** @return whether the table now has blocks for {@code tokens} positions; false leaves it as it was */
    public boolean grow(final BlockTable table, final int tokens) {
        final int missing = Math.ceilDiv(tokens, blockTokens) - table.count();
        if (missing > blocks.allocatable()) {
            return false;
        }
        for (int i = 0; i < missing; i++) {
            table.append(blocks.acquire());
        }
        return true;
    }

    /** Gives private blocks at the table's end back, which no step knows yet, until {@code count} are left. */
    public void shrink(final BlockTable table, final int count) {
        while (table.count() > Math.max(count, table.published())) {
            blocks.release(table.removeLast());
        }
    }

    /**
     * Gives the table's first private block, which is full now, its identity.
     *
     * @param parent the hash before it: of the block before it in the table, or the chain's root
     * @return the block, when it is new to the device; {@link DeviceBlocks#NONE} when one with this identity was there
     *     and has taken its place
     */
    public int publish(final BlockTable table, final BlockHash hash, final BlockHash parent) {
        final int position = table.published();
        final int block = table.block(position);
        final int parentBlock = position == 0 ? DeviceBlocks.NONE : table.block(position - 1);
        final boolean isNew = blocks.publish(block, hash, parent, parentBlock);
        if (!isNew) {
            final int twin = blocks.find(hash);
            blocks.lease(twin);
            table.replace(position, twin);
            limbo.release(block, false); // a step under way may be reading it
        }
        table.onePublished();
        return isNew ? block : DeviceBlocks.NONE;
    }

    /**
     * Asks that the blocks of the table's first positions stay for a while after they have been given back. Beginnings come first: where
     * not all can be kept, the end of the chain is not.
     *
     * @param tokens positions; of a block that is not full, or has no identity, nothing is kept
     */
    public void keep(final BlockTable table, final int tokens, final long untilNanos, final long nowNanos) {
        final int count = Math.min(tokens / blockTokens, table.published());
        boolean room = true;
        for (int i = 0; i < count && room; i++) {
            room = blocks.keep(table.block(i), untilNanos, nowNanos);
        }
    }

    /** A step over tables of this cache is under way: what they hold now stays leased until it has ended, whoever gives it back. */
    public void stepSubmitted() {
        limbo.submitted();
    }

    /** The step that was submitted first of those under way is over. */
    public void stepEnded() {
        limbo.ended();
    }

    /** Gives all blocks of the table back: published ones stay cached. The table is empty afterwards. */
    public void release(final BlockTable table, final long nowNanos) {
        for (int i = table.count() - 1; i >= 0; i--) {
            blocks.touch(table.block(i), nowNanos);
            limbo.release(table.block(i), false);
        }
        table.clear();
    }

    /** Like {@link #release}, and forgets those that nobody else uses: their content is under suspicion. */
    public void discard(final BlockTable table, final long nowNanos) {
        for (int i = table.count() - 1; i >= 0; i--) {
            final int block = table.block(i);
            blocks.touch(block, nowNanos);
            limbo.release(block, true);
        }
        table.clear();
    }

    /** @return published blocks of the table that the block store has, too */
    public int saved(final BlockTable table) {
        int count = 0;
        for (int i = 0; i < table.published(); i++) {
            count += blocks.saved(table.block(i)) ? 1 : 0;
        }
        return count;
    }

    /**
     * Copies {@code source}, a block of another sequence, into a private one at the table's end: what its first positions hold
     * is what this sequence would compute.
     *
     * @param source leased
     * @return false, nothing changed: no room
     */
    public boolean appendCopyOf(final BlockTable table, final int source) {
        final int copy = blocks.acquire();
        if (copy == DeviceBlocks.NONE) {
            return false;
        }
        memory.copy(source, copy);
        table.append(copy);
        return true;
    }

    /** @return blocks that {@link #release} of this table would make allocatable */
    public int reclaimable(final BlockTable table) {
        return blocks.reclaimable(table.blocks(), table.count());
    }
}
