package io.spillway.node.compute;

import io.spillway.domain.kv.KvLayout;
import java.lang.foreign.MemorySegment;

/**
 * Where the rows of a step live in the paged KV cache. Refilled every step; single writer: the engine thread.
 */
public final class KvRows {
    private KvLayout layout;
    private MemorySegment slab;
    private int[] positions = new int[0];          // [rows]
    private int[] sequences = new int[0];          // [rows]
    private int[][] blockTables = new int[0][];    // [sequences], borrowed
    private int rowCount;

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
