package io.spillway.node.cuda.model;

import io.spillway.node.model.StepBatch;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Says where each row of a batch stands on the device: rows of sequences that have a few come first, and are attended one by one; parts of
 * prompts follow, in tiles. A step of the first kind alone is filled up to a bucket, so that few shapes need be recorded. Single writer: the
 * engine thread.
 */
final class StepFeed {
    /** Rows of a sequence that are attended one by one: a token, and what was guessed behind it. */
    static final int SINGLES_MAX = 8;

    private static final int[] BUCKETS = {1, 2, 4, 8, 16, 24, 32, 48, 64, 96, 128, 160, 192, 256, 384, 512};
    private static final int NONE = -1;

    private final int tileRows;
    private int[] deviceRow = new int[0]; // [rows of the batch]
    private int[] firstOf = new int[0];   // [sequences + 1]: their first rows in the batch
    private StepShape shape;

    /** @param tileRows rows of a tile */
    StepFeed(final int tileRows) {
        this.tileRows = tileRows;
    }

    /** @return the shape of a step of that batch. */
    StepShape plan(final StepBatch batch, final boolean isHidden) {
        makeRoom(batch);
        final int singles = placeSingles(batch);
        int rows = singles;
        int tiles = 0;
        for (int sequence = 0; sequence < batch.sequenceCount(); sequence++) {
            final int count = rowsOf(sequence);
            if (count > SINGLES_MAX) {
                tiles += Math.ceilDiv(count, tileRows);
                for (int row = firstOf[sequence]; row < firstOf[sequence + 1]; row++) {
                    deviceRow[row] = rows++;
                }
            }
        }
        final int filled = tiles == 0 ? bucket(singles) : rows;
        final int wanted = tiles == 0 && batch.logitsRowCount() > 0 ? Math.max(filled, batch.logitsRowCount()) : batch.logitsRowCount();
        shape = new StepShape(filled, tiles == 0 ? filled : singles, tiles, wanted, isHidden);
        return shape;
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

    private int placeSingles(final StepBatch batch) {
        int singles = 0;
        for (int sequence = 0; sequence < batch.sequenceCount(); sequence++) {
            if (rowsOf(sequence) <= SINGLES_MAX) {
                for (int row = firstOf[sequence]; row < firstOf[sequence + 1]; row++) {
                    deviceRow[row] = singles++;
                }
            }
        }
        return singles;
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

    /**
     * Writes what {@link StepInputs} describes, for the batch that was planned last.
     *
     * @param slots  [sequences]: rows of the block tables
     * @param target at least as long as the inputs of the shape
     */
    void write(final StepBatch batch, final int[] slots, final MemorySegment target) {
        final StepInputs at = StepInputs.of(0, shape);
        target.asSlice(0, at.sequences()).fill((byte) NONE);
        target.asSlice(at.sequences(), at.wanted() - at.sequences()).fill((byte) 0);
        target.asSlice(at.wanted(), at.tiles() - at.wanted()).fill((byte) NONE);
        for (int row = 0; row < batch.rowCount(); row++) {
            final long index = deviceRow[row] * (long) Integer.BYTES;
            target.set(ValueLayout.JAVA_INT, at.tokens() + index, batch.tokenId(row));
            target.set(ValueLayout.JAVA_INT, at.positions() + index, batch.position(row));
            target.set(ValueLayout.JAVA_INT, at.sequences() + index, slots[batch.sequenceOfRow(row)]);
        }
        for (int i = 0; i < batch.logitsRowCount(); i++) {
            target.set(ValueLayout.JAVA_INT, at.wanted() + i * (long) Integer.BYTES, deviceRow[batch.logitsRow(i)]);
        }
        writeTiles(batch, slots, target, at.tiles());
    }

    private void writeTiles(final StepBatch batch, final int[] slots, final MemorySegment target, final long at) {
        long next = at;
        for (int sequence = 0; sequence < batch.sequenceCount(); sequence++) {
            final int count = rowsOf(sequence);
            for (int row = 0; count > SINGLES_MAX && row < count; row += tileRows) {
                target.set(ValueLayout.JAVA_INT, next, slots[sequence]);
                target.set(ValueLayout.JAVA_INT, next + Integer.BYTES, deviceRow[firstOf[sequence]] + row);
                target.set(ValueLayout.JAVA_INT, next + 2 * Integer.BYTES, Math.min(tileRows, count - row));
                next += StepInputs.TILE_INTS * Integer.BYTES;
            }
        }
    }
}
