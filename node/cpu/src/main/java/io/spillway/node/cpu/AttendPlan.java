package io.spillway.node.cpu;

import io.spillway.node.compute.AttentionRule;
import io.spillway.node.compute.KvRows;
import io.spillway.node.compute.ScalarAttention;
import java.util.Arrays;

/**
 * How the rows of a step are cut into tasks. A piece is some consecutive rows of one sequence; it meets every key-value head.
 * A task is a piece and all of its ranges of positions, or some of them where one sequence has most of the work. How it is cut
 * changes no result: ranges are computed apart and merged in their order in any case.
 *
 * <p>Refilled by the engine thread before each section; read by workers inside it.
 */
final class AttendPlan {
    private static final int TASKS_PER_WORKER = 4;

    private int[] pieceRows = new int[1];      // [pieces + 1]: first row of each, then the end
    private int[] partialsAt = new int[0];     // [pieces]: index of its first partial result; −1 when it is one task
    private int pieceCount;
    private int[] taskPiece = new int[0];      // [tasks]
    private int[] taskRange = new int[0];      // [tasks]: first range
    private int[] taskRangeEnd = new int[0];   // [tasks]
    private int taskCount;
    private int partialCount;
    private KvRows kv;
    private AttentionRule rule;
    private long positions;

    /** @param rowsMax most rows of a piece */
    void build(final KvRows kv, final AttentionRule rule, final int rowsMax, final int workerCount) {
        this.kv = kv;
        this.rule = rule;
        cutPieces(rowsMax);
        positions = 0;
        for (int piece = 0; piece < pieceCount; piece++) {
            positions += positions(piece);
        }
        taskCount = 0;
        partialCount = 0;
        final long target = Math.max(1, positions * kv.layout().kvHeads() / ((long) workerCount * TASKS_PER_WORKER));
        for (int piece = 0; piece < pieceCount; piece++) {
            cutTasks(piece, workerCount == 1 ? Long.MAX_VALUE : target);
        }
    }

    private void cutPieces(final int rowsMax) {
        final int rows = kv.rowCount();
        if (pieceRows.length < rows + 1) {
            pieceRows = new int[rows + 1];
            partialsAt = new int[rows];
        }
        pieceCount = 0;
        for (int row = 0; row < rows; row++) {
            if (row == 0 || kv.sequence(row) != kv.sequence(row - 1) || row - pieceRows[pieceCount - 1] == rowsMax) {
                pieceRows[pieceCount++] = row;
            }
        }
        pieceRows[pieceCount] = rows;
    }

    /** @return positions that the rows of a piece meet, added up */
    private long positions(final int piece) {
        return (long) rowCount(piece) * (lastPosition(piece) + 1 - firstPosition(piece));
    }

    private void cutTasks(final int piece, final long target) {
        final int first = firstPosition(piece) / ScalarAttention.RANGE_TOKENS;
        final int end = lastPosition(piece) / ScalarAttention.RANGE_TOKENS + 1;
        final long rangesOfTarget = Math.max(1, target / ((long) rowCount(piece) * ScalarAttention.RANGE_TOKENS));
        partialsAt[piece] = -1;
        if (rangesOfTarget >= end - first) {
            addTask(piece, first, end);
            return;
        }
        partialsAt[piece] = partialCount;
        partialCount += end - first;
        for (int range = first; range < end; range += (int) rangesOfTarget) {
            addTask(piece, range, (int) Math.min(end, range + rangesOfTarget));
        }
    }

    private void addTask(final int piece, final int range, final int rangeEnd) {
        if (taskCount == taskPiece.length) {
            final int length = Math.max(16, 2 * taskCount);
            taskPiece = Arrays.copyOf(taskPiece, length);
            taskRange = Arrays.copyOf(taskRange, length);
            taskRangeEnd = Arrays.copyOf(taskRangeEnd, length);
        }
        taskPiece[taskCount] = piece;
        taskRange[taskCount] = range;
        taskRangeEnd[taskCount++] = rangeEnd;
    }

    /** @return positions that rows meet, added up over the rows of the step */
    long positions() {
        return positions;
    }

    int pieceCount() {
        return pieceCount;
    }

    int taskCount() {
        return taskCount;
    }

    /** @return results that stand by until they are merged, for each key-value head */
    int partialCount() {
        return partialCount;
    }

    int piece(final int task) {
        return taskPiece[task];
    }

    int firstRange(final int task) {
        return taskRange[task];
    }

    int endRange(final int task) {
        return taskRangeEnd[task];
    }

    int firstRow(final int piece) {
        return pieceRows[piece];
    }

    int rowCount(final int piece) {
        return pieceRows[piece + 1] - pieceRows[piece];
    }

    /** @return the first position that any row of a piece sees */
    int firstPosition(final int piece) {
        return rule.firstVisible(kv.position(pieceRows[piece]));
    }

    /** @return the last position that any row of a piece sees */
    int lastPosition(final int piece) {
        return kv.position(pieceRows[piece + 1] - 1);
    }

    /** @return whether its ranges are several tasks */
    boolean isSplit(final int piece) {
        return partialsAt[piece] >= 0;
    }

    /** @return index of the partial result of a range, of a split piece */
    int partial(final int piece, final int range) {
        return partialsAt[piece] + range - firstPosition(piece) / ScalarAttention.RANGE_TOKENS;
    }

    /** @return ranges of a piece */
    int rangeCount(final int piece) {
        return lastPosition(piece) / ScalarAttention.RANGE_TOKENS + 1 - firstPosition(piece) / ScalarAttention.RANGE_TOKENS;
    }
}
