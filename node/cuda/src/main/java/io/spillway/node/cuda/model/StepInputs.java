package io.spillway.node.cuda.model;

import io.spillway.node.cuda.SamplingRow;

/**
 * Where in device memory the rows of a step are described: one piece, as short as the step's shape lets it be, so that one copy brings it. Rows
 * that only fill a bucket have position −1, token −1 and sequence 0.
 *
 * @param tokens    [rows] ints
 * @param positions [rows] ints
 * @param sequences [rows] ints: rows of the block tables
 * @param wanted    [wanted] ints: rows whose output is wanted; −1: none
 * @param sampling  [wanted] of {@link SamplingRow}
 * @param items     [items][4] ints: what blocks do with parts of prompts
 * @param bytes     of all
 */
record StepInputs(long tokens, long positions, long sequences, long wanted, long sampling, long items, long bytes) {
    /** Bytes of a piece of work. */
    static final int ITEM_BYTES = 16;

    private static final int ALIGNMENT_BYTES = 16;

    /** @param base where the piece begins: an address, or 0 for offsets */
    static StepInputs of(final long base, final StepShape step) {
        final long rowBytes = aligned((long) Integer.BYTES * step.rows());
        final long wanted = base + 3 * rowBytes;
        final long sampling = wanted + aligned((long) Integer.BYTES * step.wanted());
        final long items = sampling + (step.output().isChosen() ? aligned((long) SamplingRow.BYTES * step.wanted()) : 0);
        return new StepInputs(base, base + rowBytes, base + 2 * rowBytes, wanted, sampling, items, items + (long) ITEM_BYTES * step.items() - base);
    }

    private static long aligned(final long bytes) {
        return Math.ceilDiv(bytes, ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
    }
}
