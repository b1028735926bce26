package io.spillway.node.cuda.model;

import io.spillway.domain.request.SamplingParams;
import io.spillway.node.runner.HiddenPool;
import io.spillway.node.runner.StepSequence;
import io.spillway.node.sampling.TokenConstraint;
import io.spillway.node.sampling.TokenHistory;
import java.util.Arrays;

/** A sequence that grows to a length. */
final class TestSequence implements StepSequence {
    final SamplingParams params;
    final int[] table;
    int computed;
    private final int promptTokens;
    private final int tokensMax;
    private final TokenConstraint constraint;
    private final HiddenPool pool;
    private final TokenHistory history;
    private int[] tokens;

    TestSequence(final int[] prompt, final int tokensMax, final SamplingParams params, final TokenConstraint constraint, final HiddenPool pool, final int[] table) {
        tokens = prompt.clone();
        promptTokens = prompt.length;
        this.tokensMax = tokensMax;
        this.params = params;
        this.constraint = constraint;
        this.pool = pool;
        this.table = table;
        history = new TokenHistory(params);
        history.addPrompt(prompt);
    }

    int[] output() {
        return Arrays.copyOfRange(tokens, promptTokens, tokens.length);
    }

    boolean isFull() {
        return pool != null ? computed == tokens.length : tokens.length >= tokensMax;
    }

    @Override
    public int token(final int position) {
        return tokens[position];
    }

    @Override
    public int knownTokens() {
        return tokens.length;
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
        return params;
    }

    @Override
    public TokenHistory history() {
        return history;
    }

    @Override
    public int outputPosition() {
        return tokens.length - promptTokens;
    }

    @Override
    public TokenConstraint constraint() {
        return constraint;
    }

    @Override
    public HiddenPool pool() {
        return pool;
    }

    @Override
    public boolean take(final int token) {
        tokens = Arrays.copyOf(tokens, tokens.length + 1);
        tokens[tokens.length - 1] = token;
        history.addOutput(token);
        if (constraint != null) {
            constraint.advance(token);
        }
        return !isFull();
    }
}
