package io.spillway.node.kvcache;

import java.util.Arrays;

/**
 * The device blocks of one sequence, in position order; the sequence has one lease on each.
 *
 * <p>The first {@link #published()} are full, identified and shared: nobody writes to them. Those behind are private.
 * Single writer: the engine thread, through {@link KvCache}.
 */
public final class BlockTable {
    private int[] blocks = new int[8]; // [≥ count]
    private int count;
    private int published;

    /** @return blocks held */
    public int count() {
        return count;
    }

    /** @return leading blocks that are full and have an identity */
    public int published() {
        return published;
    }

    /** @return device block per block of positions; longer than {@link #count()}; valid until the table next changes */
    public int[] blocks() {
        return blocks;
    }

    /** @return the device block at {@code position} of the table */
    public int block(final int position) {
        return blocks[position];
    }

    void append(final int block) {
        if (count == blocks.length) {
            blocks = Arrays.copyOf(blocks, 2 * count);
        }
        blocks[count++] = block;
    }

    int removeLast() {
        return blocks[--count];
    }

    void replace(final int position, final int block) {
        blocks[position] = block;
    }

    void onePublished() {
        published++;
    }

    void clear() {
        count = 0;
        published = 0;
    }
}
