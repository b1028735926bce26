package io.spillway.node.sampling;

import io.spillway.domain.request.SamplingParams;
import org.agrona.collections.Int2IntCounterMap;
import org.agrona.collections.IntHashSet;

/**
 * What penalties need to know of one sequence: which tokens its prompt holds, and how often each is in its output.
 * Counts only what its parameters use. Single writer: the engine thread.
 */
public final class TokenHistory {
    private final boolean countsOutput;
    private final boolean countsPrompt;
    private final Int2IntCounterMap outputCounts = new Int2IntCounterMap(0);
    private final IntHashSet promptTokens = new IntHashSet();

    /** @param params say which counts will be asked for */
    public TokenHistory(final SamplingParams params) {
        countsPrompt = params.repetitionPenalty() != 1f;
        countsOutput = countsPrompt || params.presencePenalty() != 0f || params.frequencyPenalty() != 0f;
    }

    /** Notes {@code prompt[0..count)} as prompt. */
    public void addPrompt(final int[] prompt) {
        for (int i = 0; countsPrompt && i < prompt.length; i++) {
            promptTokens.add(prompt[i]);
        }
    }

    /** Notes one more output token. */
    public void addOutput(final int token) {
        if (countsOutput) {
            outputCounts.incrementAndGet(token);
        }
    }

    /** @return whether any penalty applies */
    boolean countsAnything() {
        return countsOutput;
    }

    Int2IntCounterMap outputCounts() {
        return outputCounts;
    }

    IntHashSet promptTokens() {
        return promptTokens;
    }
}
