package io.spillway.node.cpu;

import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.node.compute.AttentionRule;
import io.spillway.node.compute.Exp;
import io.spillway.node.compute.KvRows;
import java.util.Arrays;

/**
 * One block of keys and values meets the queries of a task: scores, their weights, the weighted sum of values.
 *
 * <p>Refilled by the engine thread before each section; called by workers inside it, each with its own scratch.
 */
final class AttendBlock {
    private KvRows kv;
    private KvLayout layout;
    private int layer;
    private AttentionRule rule;
    private int group;
    private boolean quantised;
    private boolean minima;

    void begin(final KvRows kv, final int layer, final AttentionRule rule, final int group) {
        this.kv = kv;
        this.layer = layer;
        this.rule = rule;
        this.group = group;
        layout = kv.layout();
        quantised = layout.element().isQuantised();
        minima = layout.element() == KvElement.I4;
    }

    /** Adds the {@code index}-th block of the sequence to what the task has summed up. */
    void add(final AttendScratch s, final int index) {
        final int begin = index * layout.blockTokens();
        // Rows are in position order: the last one sees most. What lies behind may never have been written.
        final int tokens = Math.min(layout.blockTokens(), kv.position(s.firstRow + (s.queryCount - 1) / group) + 1 - begin);
        final long at = kv.blockOffset(s.firstRow, index);
        final long keys = at + layout.keyOffset(layer, s.kvHead);
        final long values = at + layout.valueOffset(layer, s.kvHead);
        if (quantised) {
            s.scales.read(kv.slab(), layout, keys, values, tokens);
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

    /** Scores of a block's first {@code tokens}, in whole vectors: what lies behind them is not read afterwards. */
    private void scores(final AttendScratch s, final long keys, final int tokens) {
        final int columns = Math.min(layout.blockTokens(), Math.ceilDiv(tokens, 2 * RegisterTiles.LANES) * 2 * RegisterTiles.LANES);
        for (int q = 0; q < s.queryCount; q++) {
            Arrays.fill(s.scores, q * layout.blockTokens(), q * layout.blockTokens() + columns, 0f);
        }
        s.pointAtKeys(kv.slab(), keys, layout);
        final Tile t = s.tile;
        t.depthStrideBytes = (long) layout.blockTokens() * Float.BYTES;
        t.depth = layout.headDim();
        t.x = s.queries;
        t.xOffset = 0;
        t.xStride = layout.headDim();
        t.y = s.scores;
        t.yOffset = 0;
        t.yStride = layout.blockTokens();
        TileMultiply.run(t, s.queryCount, columns);
    }

    /** Scores from first to end become weights, the others 0; what was summed so far decays to the new maximum. */
    private void weigh(final AttendScratch s, final int q, final int first, final int end, final int tokens) {
        final int at = q * layout.blockTokens();
        if (first < end) {
            finishScores(s, q, first, end);
            final int into = s.intoAt + q;
            final float before = s.into.maxima[into];
            final float maximum = SoftmaxKernels.maximum(s.scores, at, first, end, before);
            final float decay = Exp.of(before - maximum);
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
            SoftmaxKernels.shift(s.scores, at, end, s.scales, s.querySums[q]);
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
        }
    }

    /** Adds weights · values. */
    private void accumulate(final AttendScratch s, final long values, final int tokens) {
        s.pointAtValues(kv.slab(), values, layout, tokens);
        final Tile t = s.tile;
        t.depthStrideBytes = (long) layout.headDim() * Float.BYTES;
        t.depth = tokens;
        t.x = s.scores;
        t.xStride = layout.blockTokens();
        t.xOffset = 0;
        t.y = s.into.sums;
        t.yStride = layout.headDim();
        t.yOffset = s.intoAt * layout.headDim();
        TileMultiply.run(t, s.queryCount, layout.headDim());
    }
}
