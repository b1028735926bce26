package io.spillway.node.cuda.model;

/**
 * Where in device memory the rows of a step are described: one piece, as short as the step's shape lets it be, so that one copy brings it. Rows
 * that only fill a bucket have position −1, token −1 and sequence 0.
 *
 * @param tokens    [rows] ints
 * @param positions [rows] ints
 * @param sequences [rows] ints: rows of the block tables
 * @param wanted    [wanted] ints: rows whose output is wanted; −1: none
 * @param tiles     [tiles][3] ints: sequence, first row and rows of each piece of a prompt
 * @param bytes     of all
 */
record StepInputs(long tokens, long positions, long sequences, long wanted, long tiles, long bytes) {
    /** Ints of a tile. */
    static final int TILE_INTS = 3;

    private static final int ALIGNMENT_BYTES = 16;

    /** @param base where the piece begins: an address, or 0 for offsets */
    static StepInputs of(final long base, final StepShape step) {
        final long rowBytes = aligned(step.rows());
        final long wanted = base + 3 * rowBytes;
        final long tiles = wanted + aligned(step.wanted());
        return new StepInputs(base, base + rowBytes, base + 2 * rowBytes, wanted, tiles, tiles + aligned((long) TILE_INTS * step.tiles()) - base);
    }

    private static long aligned(final long ints) {
        return Math.ceilDiv(ints * Integer.BYTES, ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
    }
}
