package io.spillway.node.compute;

import io.spillway.domain.kv.KvLayout;
import java.lang.foreign.MemorySegment;

/**
 * Where the rows of a step live in the paged KV cache, and which of its heads are concerned: all, or those of one rank of several. Refilled every
 * step; single writer: the engine thread, or the rank's.
 */
public final class KvRows {
    private KvLayout layout;
    private MemorySegment slab;
    private int[] positions = new int[0];          // [rows]
    private int[] sequences = new int[0];          // [rows]
    private int[][] blockTables = new int[0][];    // [sequences], borrowed
    private int rowCount;
    private int firstHead;
    private int kvHeads;                           // 0: all that the layout has

    /** Of all heads. */
    public KvRows() {
        // as the fields say
    }

    /** Of some neighbouring heads: head 0 is the first of them from now on, and operations read and write no other. */
    public KvRows(final int firstHead, final int kvHeads) {
        if (firstHead < 0 || kvHeads <= 0) {
            throw new IllegalArgumentException(kvHeads + " key-value heads from " + firstHead + " on");
        }
        this.firstHead = firstHead;
        this.kvHeads = kvHeads;
    }

    /** Begins a step. @param slab off-heap, borrowed; block {@code b} starts at {@code b * layout.blockBytes()} */
    public void begin(final KvLayout layout, final MemorySegment slab, final int rowsMax, final int sequencesMax) {
        this.layout = layout;
        this.slab = slab;
        rowCount = 0;
        if (positions.length < rowsMax) {
            positions = new int[rowsMax];
            sequences = new int[rowsMax];
        }
        if (blockTables.length < sequencesMax) {
            blockTables = new int[sequencesMax][];
        }
    }

    /** Names the block table of a sequence: position p lies in block {@code table[p / blockTokens]}. */
    public void blockTable(final int sequence, final int[] table) {
        blockTables[sequence] = table;
    }

    /** Adds a row; rows of one sequence follow each other in position order. Those that are kept later may have gaps. */
    public void addRow(final int sequence, final int position) {
        positions[rowCount] = position;
        sequences[rowCount++] = sequence;
    }

    /** Keeps some rows, which move to the front. @param rows ascending */
    public void keep(final int[] rows, final int count) {
        for (int i = 0; i < count; i++) {
            positions[i] = positions[rows[i]];
            sequences[i] = sequences[rows[i]];
        }
        rowCount = count;
    }

    public KvLayout layout() {
        return layout;
    }

    /** @return key-value heads that operations read and write */
    public int kvHeads() {
        return kvHeads == 0 ? layout.kvHeads() : kvHeads;
    }

    /** @return offset in a block of the keys of a head, counted from the first that is concerned */
    public long keyOffset(final int layer, final int kvHead) {
        return layout.keyOffset(layer, firstHead + kvHead);
    }

    /** @return offset in a block of the values of a head, counted from the first that is concerned */
    public long valueOffset(final int layer, final int kvHead) {
        return layout.valueOffset(layer, firstHead + kvHead);
    }

    public MemorySegment slab() {
        return slab;
    }

    public int rowCount() {
        return rowCount;
    }

    public int position(final int row) {
        return positions[row];
    }

    public int sequence(final int row) {
        return sequences[row];
    }

    /** @return offset in the slab of the {@code blockIndex}-th block of a row's sequence */
    public long blockOffset(final int row, final int blockIndex) {
        return blockTables[sequences[row]][blockIndex] * layout.blockBytes();
    }
}
