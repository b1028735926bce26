package io.spillway.node.cuda.model;

import io.spillway.node.cuda.PrefillWork;
import io.spillway.node.cuda.SamplingRow;
import io.spillway.node.model.StepBatch;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Says where each row of a batch stands on the device: rows of sequences that have a few come first, and are attended one by one; parts of
 * prompts follow. A step of the first kind alone is filled up to a bucket, so that few shapes need be recorded. Single writer: the engine thread.
 */
final class StepFeed {
    /** Rows of a sequence that are attended one by one: a token, and what was guessed behind it. */
    static final int SINGLES_MAX = 8;

    private static final int[] BUCKETS = {1, 2, 4, 8, 16, 24, 32, 48, 64, 96, 128, 160, 192, 256, 384, 512};
    private static final int NONE = -1;

    private final List<PrefillWork.Chunk> chunks = new ArrayList<>();
    private int[] deviceRow = new int[0]; // [rows of the batch]
    private int[] firstOf = new int[0];   // [sequences + 1]: their first rows in the batch
    private int rows;
    private int singles;
    private int wanted;

    /** Places the rows of a batch. @param slots [sequences]: rows of the block tables */
    void place(final StepBatch batch, final int[] slots) {
        makeRoom(batch);
        chunks.clear();
        rows = 0;
        for (int sequence = 0; sequence < batch.sequenceCount(); sequence++) {
            if (rowsOf(sequence) <= SINGLES_MAX) {
                placeRows(sequence);
            }
        }
        singles = rows;
        for (int sequence = 0; sequence < batch.sequenceCount(); sequence++) {
            if (rowsOf(sequence) > SINGLES_MAX) {
                chunks.add(new PrefillWork.Chunk(slots[sequence], rows, rowsOf(sequence), batch.position(firstOf[sequence])));
                placeRows(sequence);
            }
        }
        wanted = batch.logitsRowCount();
        if (chunks.isEmpty()) {
            singles = bucket(rows);
            rows = singles;
            wanted = wanted == 0 ? 0 : bucket(wanted);
        }
    }

    private void placeRows(final int sequence) {
        for (int row = firstOf[sequence]; row < firstOf[sequence + 1]; row++) {
            deviceRow[row] = rows++;
        }
    }

    private void makeRoom(final StepBatch batch) {
        if (deviceRow.length < batch.rowCount()) {
            deviceRow = new int[batch.rowCount()];
        }
        if (firstOf.length <= batch.sequenceCount()) {
            firstOf = new int[batch.sequenceCount() + 1];
        }
        Arrays.fill(firstOf, 0, batch.sequenceCount() + 1, batch.rowCount());
        for (int row = batch.rowCount() - 1; row >= 0; row--) {
            firstOf[batch.sequenceOfRow(row)] = row;
        }
    }

    private int rowsOf(final int sequence) {
        return firstOf[sequence + 1] - firstOf[sequence];
    }

    private static int bucket(final int rows) {
        for (final int bucket : BUCKETS) {
            if (rows <= bucket) {
                return bucket;
            }
        }
        final int step = BUCKETS[BUCKETS.length - 1] / 2;
        return Math.ceilDiv(rows, step) * step;
    }

    /** @return rows that a step of as many may be filled up to */
    static int rowsMax(final int rows) {
        return Math.max(rows, bucket(rows));
    }

    /** @return parts of prompts among the rows placed last; borrowed until the next placing */
    List<PrefillWork.Chunk> chunks() {
        return chunks;
    }

    /** @return the shape of a step of the rows placed last */
    StepShape shape(final int items, final StepShape.Output output, final boolean hasAhead) {
        return new StepShape(rows, singles, items, wanted, output, hasAhead);
    }

    /**
     * Writes rows, and who is wanted, of the batch that was placed last. Rows of the choice of tokens only fill up yet.
     *
     * @param slots  [sequences]: rows of the block tables
     * @param at     where in {@code target}
     */
    void write(final StepBatch batch, final int[] slots, final StepInputs at, final MemorySegment target) {
        target.asSlice(0, at.sequences()).fill((byte) NONE);
        target.asSlice(at.sequences(), at.wanted() - at.sequences()).fill((byte) 0);
        target.asSlice(at.wanted(), at.sampling() - at.wanted()).fill((byte) NONE);
        for (int row = 0; row < batch.rowCount(); row++) {
            final long index = deviceRow[row] * (long) Integer.BYTES;
            target.set(ValueLayout.JAVA_INT, at.tokens() + index, batch.tokenId(row));
            target.set(ValueLayout.JAVA_INT, at.positions() + index, batch.position(row));
            target.set(ValueLayout.JAVA_INT, at.sequences() + index, slots[batch.sequenceOfRow(row)]);
        }
        for (int i = 0; i < batch.logitsRowCount(); i++) {
            target.set(ValueLayout.JAVA_INT, at.wanted() + i * (long) Integer.BYTES, deviceRow[batch.logitsRow(i)]);
        }
        final MemorySegment sampling = target.asSlice(at.sampling(), at.items() - at.sampling());
        for (int i = 0; i < sampling.byteSize() / SamplingRow.BYTES; i++) {
            SamplingRow.writePadding(sampling, i);
        }
    }
}
