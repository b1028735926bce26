package io.spillway.bench.gpu;

import io.spillway.domain.request.SamplingParams;
import io.spillway.node.runner.StepSequence;
import io.spillway.node.sampling.TokenConstraint;
import io.spillway.node.sampling.TokenHistory;

/** A sequence whose prompt is one token again and again, and which never ends. One thread. */
final class GrowingSequence implements StepSequence {
    private final int[] table;
    private final int promptTokens;
    private final TokenHistory history = new TokenHistory(SamplingParams.GREEDY);
    private int known;
    private int computed;
    private int last = 1;

    /** @param table block of every block of positions */
    GrowingSequence(final int[] table, final int promptTokens) {
        this.table = table;
        this.promptTokens = promptTokens;
        known = promptTokens;
    }

    /** Counts rows that were given to the device. */
    void compute(final int tokens) {
        computed += tokens;
    }

    @Override
    public int token(final int position) {
        return position < promptTokens ? 1 + position % 61 : last;
    }

    @Override
    public int knownTokens() {
        return known;
    }

    @Override
    public int computedTokens() {
        return computed;
    }

    @Override
    public int[] blockTable() {
        return table;
    }

    @Override
    public SamplingParams sampling() {
        return SamplingParams.GREEDY;
    }

    @Override
    public TokenHistory history() {
        return history;
    }

    @Override
    public int outputPosition() {
        return known - promptTokens;
    }

    @Override
    public TokenConstraint constraint() {
        return null;
    }

    @Override
    public boolean take(final int token) {
        last = token;
        known++;
        return true;
    }
}
