package io.spillway.node.cpu;

import io.spillway.node.compute.AttentionRule;
import io.spillway.node.compute.KvRows;
import io.spillway.node.compute.ScalarAttention;
import java.util.Arrays;

/**
 * How the rows of a step are cut into tasks. A piece is some consecutive rows of one sequence; a task is a piece, some of the
 * key-value heads and some of the ranges of positions. How it is cut changes no result: heads are independent, and ranges are
 * computed apart and merged in their order in any case.
 *
 * <p>Few queries are bounded by memory: their tasks take neighbouring heads together, which lie next to each other in a block.
 * Many queries are bounded by arithmetic: their tasks take one head, whose blocks are converted once for all of them.
 *
 * <p>Refilled by the engine thread before each section; read by workers inside it.
 */
final class AttendPlan {
    private static final int TASKS_PER_WORKER = 4;
    /** Fields of a task. */
    private static final int PIECE = 0;
    private static final int HEAD = 1;
    private static final int HEAD_END = 2;
    private static final int RANGE = 3;
    private static final int RANGE_END = 4;
    private static final int FIELDS = 5;

    private int[] pieceRows = new int[1];      // [pieces + 1]: first row of each, then the end
    private int[] partialsAt = new int[0];     // [pieces]: place of its first partial result; −1 when its tasks have all ranges
    private int pieceCount;
    private int[] tasks = new int[0];          // [tasks][FIELDS]
    private int taskCount;
    private int partialQueries;
    private KvRows kv;
    private AttentionRule rule;
    private int queriesMax;
    private int group;
    private long positions;

    /** @param queriesMax most query vectors of a task @param group query heads that share a key-value head */
    void build(final KvRows kv, final AttentionRule rule, final int queriesMax, final int group) {
        this.kv = kv;
        this.rule = rule;
        this.queriesMax = queriesMax;
        this.group = group;
        taskCount = 0;
        partialQueries = 0;
        cutPieces(Math.max(1, queriesMax / group));
        positions = 0;
        for (int piece = 0; piece < pieceCount; piece++) {
            positions += (long) rowCount(piece) * (lastPosition(piece) + 1 - firstPosition(piece));
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

    /** Cuts the pieces into tasks for that many workers. */
    void cutTasks(final int workerCount) {
        final long all = positions * kv.kvHeads();
        final long target = workerCount == 1 ? all : Math.max(1, all / ((long) workerCount * TASKS_PER_WORKER));
        for (int piece = 0; piece < pieceCount; piece++) {
            cutTasks(piece, target);
        }
    }

    /** @param target row positions times heads that a task should have at most */
    private void cutTasks(final int piece, final long target) {
        final int kvHeads = kv.kvHeads();
        final int first = firstRange(piece);
        final int end = first + rangeCount(piece);
        final int headsMax = Math.clamp(queriesMax / queryCount(piece), 1, kvHeads);
        final long rangeCost = (long) rowCount(piece) * ScalarAttention.RANGE_TOKENS;
        final int ranges = (int) Math.clamp(target / (rangeCost * headsMax), 1, end - first);
        final int heads = (int) Math.clamp(target / (rangeCost * ranges), 1, headsMax);
        partialsAt[piece] = -1;
        if (ranges < end - first) {
            partialsAt[piece] = partialQueries;
            partialQueries += (end - first) * kvHeads * queryCount(piece);
        }
        for (int range = first; range < end; range += ranges) {
            for (int head = 0; head < kvHeads; head += heads) {
                final int at = addTask();
                tasks[at + PIECE] = piece;
                tasks[at + HEAD] = head;
                tasks[at + HEAD_END] = Math.min(kvHeads, head + heads);
                tasks[at + RANGE] = range;
                tasks[at + RANGE_END] = Math.min(end, range + ranges);
            }
        }
    }

    private int addTask() {
        final int at = taskCount++ * FIELDS;
        if (at == tasks.length) {
            tasks = Arrays.copyOf(tasks, Math.max(16 * FIELDS, 2 * at));
        }
        return at;
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

    /** @return query vectors whose partial results stand by until they are merged */
    int partialQueries() {
        return partialQueries;
    }

    int piece(final int task) {
        return tasks[task * FIELDS + PIECE];
    }

    int head(final int task) {
        return tasks[task * FIELDS + HEAD];
    }

    int headEnd(final int task) {
        return tasks[task * FIELDS + HEAD_END];
    }

    int range(final int task) {
        return tasks[task * FIELDS + RANGE];
    }

    int rangeEnd(final int task) {
        return tasks[task * FIELDS + RANGE_END];
    }

    int firstRow(final int piece) {
        return pieceRows[piece];
    }

    private int rowCount(final int piece) {
        return pieceRows[piece + 1] - pieceRows[piece];
    }

    /** @return query vectors of a piece that share a key-value head */
    int queryCount(final int piece) {
        return rowCount(piece) * group;
    }

    /** @return the first position that any row of a piece sees */
    int firstPosition(final int piece) {
        return rule.firstVisible(kv.position(pieceRows[piece]));
    }

    /** @return the last position that any row of a piece sees */
    int lastPosition(final int piece) {
        return kv.position(pieceRows[piece + 1] - 1);
    }

    int firstRange(final int piece) {
        return firstPosition(piece) / ScalarAttention.RANGE_TOKENS;
    }

    int rangeCount(final int piece) {
        return lastPosition(piece) / ScalarAttention.RANGE_TOKENS + 1 - firstRange(piece);
    }

    /** @return whether the ranges of a piece are in several tasks */
    boolean isSplit(final int piece) {
        return partialsAt[piece] >= 0;
    }

    /** @return place of the partial result of a range's first query of a head, of a split piece */
    int partialAt(final int piece, final int range, final int head) {
        return partialsAt[piece] + ((range - firstRange(piece)) * kv.kvHeads() + head) * queryCount(piece);
    }
}
