package io.spillway.node.model;

/**
 * The rows of one engine step, flattened. Built once per engine and refilled every step: no allocation in the step loop.
 * Single writer: the engine thread. Arrays may be longer than the counts say.
 */
public final class StepBatch {
    /** Row r computes this token … */
    private final int[] tokenIds;       // [rowsMax]
    /** … at this position of its sequence (0-based) … */
    private final int[] positions;      // [rowsMax]
    /** … of this sequence of the step. */
    private final int[] sequenceOfRow;  // [rowsMax]
    /** Block table per sequence of the step: position p lives in block {@code table[p / blockTokens]}. */
    private final int[][] blockTables;  // [sequencesMax][…], borrowed from the sequences
    /** Rows whose logits are wanted, ascending. */
    private final int[] logitsRows;     // [rowsMax]
    private int rowCount;
    private int sequenceCount;
    private int logitsRowCount;

    /** @param rowsMax most tokens computed in one step @param sequencesMax most sequences in one step */
    public StepBatch(final int rowsMax, final int sequencesMax) {
        tokenIds = new int[rowsMax];
        positions = new int[rowsMax];
        sequenceOfRow = new int[rowsMax];
        blockTables = new int[sequencesMax][];
        logitsRows = new int[rowsMax];
    }

    /** Forgets all rows and sequences. */
    public void clear() {
        rowCount = 0;
        sequenceCount = 0;
        logitsRowCount = 0;
    }

    /**
     * Begins the next sequence; the rows added from now on are its rows.
     *
     * @param blockTable device block per block of positions; borrowed until {@link #clear()}
     * @return index of the sequence in this step
     */
    public int beginSequence(final int[] blockTable) {
        blockTables[sequenceCount] = blockTable;
        return sequenceCount++;
    }

    /** Adds a row to the sequence begun last. */
    public void addRow(final int tokenId, final int position) {
        tokenIds[rowCount] = tokenId;
        positions[rowCount] = position;
        sequenceOfRow[rowCount] = sequenceCount - 1;
        rowCount++;
    }

    /** Asks for the logits of the row added last; they become row {@link #logitsRowCount()} − 1 of the output. */
    public void wantLogits() {
        logitsRows[logitsRowCount++] = rowCount - 1;
    }

    public int rowCount() {
        return rowCount;
    }

    public int sequenceCount() {
        return sequenceCount;
    }

    public int logitsRowCount() {
        return logitsRowCount;
    }

    public int tokenId(final int row) {
        return tokenIds[row];
    }

    public int position(final int row) {
        return positions[row];
    }

    public int sequenceOfRow(final int row) {
        return sequenceOfRow[row];
    }

    public int[] blockTable(final int sequence) {
        return blockTables[sequence];
    }

    public int logitsRow(final int index) {
        return logitsRows[index];
    }
}
