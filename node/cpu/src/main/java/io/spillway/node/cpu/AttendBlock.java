package io.spillway.node.cpu;

import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.node.compute.AttentionRule;
import io.spillway.node.compute.Exp;
import io.spillway.node.compute.Half;
import io.spillway.node.compute.KvRows;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * One block of keys and values meets the queries of a task: scores, their weights, the weighted sum of values.
 *
 * <p>Refilled by the engine thread before each section; called by workers inside it, each with its own scratch.
 */
final class AttendBlock {
    private static final int LANES = RegisterTiles.LANES;
    private static final int PAIR = 2 * LANES;
    private static final int LINE_BYTES = 64;
    /** More queries than this repay expanding a block once. */
    private static final int DIRECT_QUERIES_MAX = 8;
    /** Scaled queries of this size still fit a float when they make up for the exponents of halves. */
    private static final float REBIASED_QUERY_MAX = 0x1p14f;

    private final BlockKernels expandedKernels = BlockKernels.of(KvElement.F32);
    private BlockKernels storedKernels = expandedKernels;
    private KvRows kv;
    private KvLayout layout;
    private int layer;
    private AttentionRule rule;
    private int group;
    private boolean quantised;
    private boolean minima;
    private boolean inPairs;

    void begin(final KvRows kv, final int layer, final AttentionRule rule, final int group) {
        this.kv = kv;
        this.layer = layer;
        this.rule = rule;
        this.group = group;
        layout = kv.layout();
        quantised = layout.element().isQuantised();
        minima = layout.element() == KvElement.I4;
        inPairs = layout.blockTokens() % PAIR == 0 && layout.headDim() % PAIR == 0;
        storedKernels = BlockKernels.of(layout.element());
    }

    /** Decides how a task meets its blocks, once its queries are scaled: few queries read stored numbers, more expand them once. */
    void beginTask(final AttendScratch s) {
        final int count = s.headCount * s.queryCount * layout.headDim();
        s.direct = inPairs && (s.queryCount <= DIRECT_QUERIES_MAX || layout.element() == KvElement.F32)
                && (layout.element() != KvElement.F16 || SoftmaxKernels.greatest(s.queries, count) < REBIASED_QUERY_MAX);
        s.rebiased = s.direct && layout.element() == KvElement.F16;
        if (s.rebiased) {
            RowKernels.multiply(s.queries, 0, Half.REBIAS, s.queries, 0, count);
        }
    }

    /** Adds the {@code index}-th block of the sequence to what the task has summed up for a head. */
    void add(final AttendScratch s, final int index, final int kvHead) {
        final int begin = index * layout.blockTokens();
        // Rows are in position order: the last one sees most. What lies behind may never have been written.
        final int tokens = Math.min(layout.blockTokens(), kv.position(s.firstRow + (s.queryCount - 1) / group) + 1 - begin);
        final long at = kv.blockOffset(s.firstRow, index);
        final long keys = at + kv.keyOffset(layer, kvHead);
        final long values = at + kv.valueOffset(layer, kvHead);
        if (quantised) {
            s.scales.read(kv.slab(), layout, keys, values, tokens);
        }
        if (s.direct) {
            s.touched += touch(kv.slab(), keys, layout.numberBytes()) + touch(kv.slab(), values, layout.numberBytes() * tokens / layout.blockTokens());
        }
        scores(s, keys, tokens);
        for (int q = 0; q < s.queryCount; q++) {
            final int position = kv.position(s.firstRow + q / group);
            final int first = Math.max(0, rule.firstVisible(position) - begin);
            final int end = Math.min(tokens, position + 1 - begin);
            weigh(s, q, Math.min(first, tokens), Math.max(0, end), tokens);
        }
        accumulate(s, values, tokens);
    }

    /**
     * Reads one number of every cache line. Kernels wait for each line in turn; here many are on their way at once, which takes
     * a third off a step at long contexts.
     *
     * @return something that depends on all of them, so that no reading is left out
     */
    private static long touch(final MemorySegment slab, final long at, final long bytes) {
        long all = 0;
        for (long line = 0; line < bytes; line += LINE_BYTES) {
            all += slab.get(ValueLayout.JAVA_LONG_UNALIGNED, at + line);
        }
        return all;
    }

    /** Scores of a block's first {@code tokens}, in whole vectors: what lies behind them is not read afterwards. */
    private void scores(final AttendScratch s, final long keys, final int tokens) {
        final Tile t = s.tile;
        t.depth = layout.headDim();
        t.x = s.queries;
        t.xOffset = s.queryAt * layout.headDim();
        t.xStride = layout.headDim();
        t.y = s.scores;
        t.yOffset = 0;
        t.yStride = layout.blockTokens();
        final int columns = Math.min(layout.blockTokens(), Math.ceilDiv(tokens, PAIR) * PAIR);
        if (s.direct) {
            t.weights = kv.slab();
            t.weightsOffset = keys;
            t.depthStrideBytes = minima ? layout.blockTokens() : (long) layout.blockTokens() * layout.element().bits() / Byte.SIZE;
            storedKernels.scores(t, s.queryCount, columns);
            return;
        }
        s.pointAtKeys(kv.slab(), keys, layout);
        t.depthStrideBytes = (long) layout.blockTokens() * Float.BYTES;
        final int paired = columns - columns % PAIR;
        expandedKernels.scores(t, s.queryCount, paired);
        if (paired < columns) {
            for (int q = 0; q < s.queryCount; q++) {
                Arrays.fill(s.scores, q * layout.blockTokens() + paired, q * layout.blockTokens() + columns, 0f);
            }
            rest(t, s.queryCount, paired, columns);
        }
    }

    private static void rest(final Tile t, final int queries, final int from, final int columns) {
        t.weightsOffset += (long) from * Float.BYTES;
        t.yOffset += from;
        TileMultiply.run(t, queries, columns - from);
    }

    /** Scores from first to end become weights, the others 0; what was summed so far decays to the new maximum. */
    private void weigh(final AttendScratch s, final int q, final int first, final int end, final int tokens) {
        final int at = q * layout.blockTokens();
        if (first < end) {
            finishScores(s, q, first, end);
            final int into = s.intoAt + q;
            final float before = s.into.maxima[into];
            final float maximum = SoftmaxKernels.maximum(s.scores, at, first, end, before);
            final float decay = maximum == before ? 1f : Exp.of(before - maximum); // e^0 is exactly 1
            s.into.maxima[into] = maximum;
            s.into.totals[into] = Math.fma(s.into.totals[into], decay,
                    SoftmaxKernels.exponentials(s.scores, at, first, end, maximum, s.lanes));
            scaleWeights(s, q, first, end, decay);
            if (maximum != before) {
                final int headDim = layout.headDim();
                RowKernels.multiply(s.into.sums, into * headDim, decay, s.into.sums, into * headDim, headDim);
            }
            Arrays.fill(s.scores, at, at + first, 0f);
            Arrays.fill(s.scores, at + end, at + tokens, 0f);
        } else {
            Arrays.fill(s.scores, at, at + tokens, 0f);
        }
    }

    private void finishScores(final AttendScratch s, final int q, final int first, final int end) {
        final int at = q * layout.blockTokens();
        if (minima) {
            SoftmaxKernels.shift(s.scores, at, end, s.scales, s.querySums[s.queryAt + q]);
        } else if (quantised) {
            SoftmaxKernels.multiply(s.scores, at, first, end, s.scales.keyScales);
        }
        if (rule.softcap() != 0) {
            SoftmaxKernels.cap(s.scores, at, first, end, rule.softcap());
        }
    }

    private void scaleWeights(final AttendScratch s, final int q, final int first, final int end, final float decay) {
        final int at = q * layout.blockTokens();
        if (minima) {
            final int into = s.intoAt + q;
            s.into.offsets[into] = Math.fma(s.into.offsets[into], decay,
                    SoftmaxKernels.product(s.scores, at, first, end, s.scales.valueMinima, s.lanes));
        }
        if (quantised) {
            SoftmaxKernels.multiply(s.scores, at, first, end, s.scales.valueScales);
        } else if (s.rebiased) {
            RowKernels.multiply(s.scores, at, Half.REBIAS, s.scores, at, end);
        }
    }

    /** Adds weights · values. */
    private void accumulate(final AttendScratch s, final long values, final int tokens) {
        final Tile t = s.tile;
        final int headDim = layout.headDim();
        t.depth = tokens;
        t.x = s.scores;
        t.xOffset = 0;
        t.xStride = layout.blockTokens();
        t.y = s.into.sums;
        t.yOffset = s.intoAt * headDim;
        t.yStride = headDim;
        if (s.direct) {
            t.weights = kv.slab();
            t.weightsOffset = values;
            t.depthStrideBytes = (long) headDim * layout.element().bits() / Byte.SIZE;
            t.panelColumns = minima ? headDim / 2 : Tile.UNDIVIDED;
            storedKernels.values(t, s.queryCount, headDim);
            t.panelColumns = Tile.UNDIVIDED;
            return;
        }
        s.pointAtValues(kv.slab(), values, layout, tokens);
        t.depthStrideBytes = (long) headDim * Float.BYTES;
        final int paired = headDim - headDim % PAIR;
        expandedKernels.values(t, s.queryCount, paired);
        if (paired < headDim) {
            rest(t, s.queryCount, paired, headDim);
        }
    }
}
