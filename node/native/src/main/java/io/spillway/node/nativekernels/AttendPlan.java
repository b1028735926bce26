package io.spillway.node.nativekernels;

import io.spillway.node.compute.AttentionRule;
import io.spillway.node.compute.KvRows;
import io.spillway.node.compute.ScalarAttention;
import java.lang.foreign.ValueLayout;

/**
 * How the rows of a step are cut into pieces that stay within a sequence, and where the library finds their positions and
 * blocks. Refilled for every layer by the engine thread.
 */
final class AttendPlan implements AutoCloseable {
    /** Queries of a piece: enough that expanding a block costs little, few enough that their state stays in a cache. */
    private static final int QUERIES_MAX = 96;
    /** Queries of a piece below which expanding blocks costs too much to cut further. */
    private static final int QUERIES_MIN = 24;
    /** Pieces per worker that even out a core that lags behind. */
    private static final int PIECES_PER_WORKER = 4;

    private final int workers;
    private final Scratch blocks = new Scratch();      // addresses, sequence after sequence
    private final Scratch positions = new Scratch();   // [rows] ints
    private int[] firstRow = new int[0];               // [pieces + 1]: first row of each, then the end
    private long[] blocksAt = new long[0];             // [pieces]: offset in blocks
    private int[] firstRange = new int[0];             // [pieces]
    private int[] partsBefore = new int[0];            // [pieces + 1]: ranges of all pieces before
    private int pieces;
    private int rowsMax;

    AttendPlan(final int workers) {
        this.workers = workers;
    }

    /** Cuts the rows. @param group query heads per key-value head @return positions that all rows together see */
    long fill(final KvRows kv, final AttentionRule rule, final int group) {
        final int rows = kv.rowCount();
        reserve(rows);
        final int wanted = Math.ceilDiv(rows * kv.kvHeads(), PIECES_PER_WORKER * workers);
        rowsMax = Math.max(1, Math.clamp((long) wanted * group, QUERIES_MIN, QUERIES_MAX) / group);
        pieces = 0;
        long seen = 0;
        long blocksUsed = 0;
        for (int row = 0; row < rows; row++) {
            final int position = kv.position(row);
            seen += position + 1 - rule.firstVisible(position);
            positions.segment().set(ValueLayout.JAVA_INT, row * 4L, position);
            final boolean sameSequence = row > 0 && kv.sequence(row) == kv.sequence(row - 1);
            if (!sameSequence) {
                blocksUsed = begin(row, blocksUsed, addBlocks(kv, row, blocksUsed));
            } else if (row - firstRow[pieces - 1] == rowsMax) {
                begin(row, blocksAt[pieces - 1], 0);
            }
        }
        firstRow[pieces] = rows;
        countParts(kv, rule);
        return seen;
    }

    private void reserve(final int rows) {
        positions.reserve(rows * 4L);
        if (firstRow.length < rows + 1) {
            firstRow = new int[rows + 1];
            blocksAt = new long[rows];
            firstRange = new int[rows];
            partsBefore = new int[rows + 1];
        }
    }

    private long begin(final int row, final long at, final long end) {
        firstRow[pieces] = row;
        blocksAt[pieces++] = at;
        return end;
    }

    /** Writes the addresses of the blocks of a row's sequence, up to the last row's. @return offset behind them */
    private long addBlocks(final KvRows kv, final int row, final long at) {
        int last = row;
        while (last + 1 < kv.rowCount() && kv.sequence(last + 1) == kv.sequence(row)) {
            last++;
        }
        final int count = kv.position(last) / kv.layout().blockTokens() + 1;
        final long end = at + count * 8L;
        blocks.grow(end, at);
        final long slab = kv.slab().address();
        for (int block = 0; block < count; block++) {
            blocks.segment().set(ValueLayout.JAVA_LONG, at + block * 8L, slab + kv.blockOffset(row, block));
        }
        return end;
    }

    private void countParts(final KvRows kv, final AttentionRule rule) {
        partsBefore[0] = 0;
        for (int piece = 0; piece < pieces; piece++) {
            firstRange[piece] = rule.firstVisible(kv.position(firstRow[piece])) / ScalarAttention.RANGE_TOKENS;
            final int lastRange = kv.position(firstRow[piece + 1] - 1) / ScalarAttention.RANGE_TOKENS;
            partsBefore[piece + 1] = partsBefore[piece] + lastRange + 1 - firstRange[piece];
        }
    }

    /** @return pieces of rows */
    int pieces() {
        return pieces;
    }

    /** @return whether pieces by key-value heads alone leave workers without enough to do, and there are ranges to hand out */
    boolean splits(final int kvHeads) {
        return workers > 1 && pieces * kvHeads < PIECES_PER_WORKER * workers && parts() > pieces;
    }

    /** @return rows of a piece at most */
    int rowsMax() {
        return rowsMax;
    }

    int firstRow(final int piece) {
        return firstRow[piece];
    }

    int rows(final int piece) {
        return firstRow[piece + 1] - firstRow[piece];
    }

    /** @return where the positions of a piece's rows stand */
    long positions(final int piece) {
        return positions.address() + firstRow[piece] * 4L;
    }

    /** @return where the addresses of the blocks of a piece's sequence stand */
    long blocks(final int piece) {
        return blocks.address() + blocksAt[piece];
    }

    /** @return the first range that a row of the piece sees */
    int firstRange(final int piece) {
        return firstRange[piece];
    }

    int ranges(final int piece) {
        return partsBefore[piece + 1] - partsBefore[piece];
    }

    /** @return ranges of all pieces before */
    int partsBefore(final int piece) {
        return partsBefore[piece];
    }

    /** @return ranges of all pieces */
    int parts() {
        return partsBefore[pieces];
    }

    @Override
    public void close() {
        blocks.close();
        positions.close();
    }
}
