package io.spillway.node.cuda;

import io.spillway.domain.kv.KvLayout;

/**
 * How decode attention is launched for up to so many rows, at whatever positions. One for all layers of like heads.
 *
 * @param rows        padding included
 * @param heads       query heads
 * @param layout      of the cache
 * @param blocks      of the grid, of every head group
 * @param isInvariant whether a row's result may not depend on other rows: how its positions are cut depends on its own number of them
 *                    alone. Otherwise positions are cut such that all of the GPU is busy
 */
public record DecodeBucket(int rows, int heads, KvLayout layout, int blocks, boolean isInvariant) {
    private static final int GROUP_MAX = 8;
    private static final int INVARIANT_PARTS = 32;
    private static final int ROUNDS_MAX = 8;
    private static final int HEADER_INTS = 4;
    private static final int ITEM_INTS = 4;

    public DecodeBucket {
        if (rows < 1 || blocks < 1 || heads < 1 || heads % layout.kvHeads() != 0) {
            throw new IllegalArgumentException("rows " + rows + ", blocks " + blocks + " or heads " + heads + " do not suit " + layout.kvHeads() + " kv heads");
        }
    }

    /** @return with as many blocks as the GPU runs at once. @param multiprocessors of the GPU */
    public static DecodeBucket of(final int rows, final int heads, final KvLayout layout, final int multiprocessors, final boolean isInvariant) {
        final int together = layout.headDim() <= 64 ? 4 : layout.headDim() <= 128 ? 3 : 1;
        final int groups = headGroups(heads, layout);
        return new DecodeBucket(rows, heads, layout, Math.max(1, multiprocessors * together / groups), isInvariant);
    }

    private static int headGroups(final int heads, final KvLayout layout) {
        return layout.kvHeads() * Math.ceilDiv(heads / layout.kvHeads(), GROUP_MAX);
    }

    /** @return how many blocks read the same positions: kv heads, times their groups of query heads */
    public int headGroups() {
        return headGroups(heads, layout);
    }

    /** @return most items that a plan has */
    public int itemsMax() {
        return isInvariant ? rows * INVARIANT_PARTS : rows + ROUNDS_MAX * blocks;
    }

    /** @return bytes of a plan */
    public long workBytes() {
        return Integer.BYTES * (HEADER_INTS + (long) ITEM_INTS * itemsMax() + (rows + 1L) * headGroups());
    }

    /** @return bytes for partial results of a launch */
    public long partsBytes() {
        return Float.BYTES * (long) itemsMax() * heads * (layout.headDim() + 2);
    }
}
