package io.spillway.node.sampling;

import io.spillway.domain.request.SamplingParams;
import org.agrona.collections.Int2IntCounterMap;
import org.agrona.collections.IntHashSet;

/**
 * What penalties need to know of one sequence: how often each token is in its output, and which tokens the repetition
 * penalty looks at: all of prompt and output, or those of the last so many positions. Counts only what its parameters
 * use; a pure function of parameters, prompt and output. Single writer: the engine thread.
 */
public final class TokenHistory {
    private final boolean countsOutput;
    private final boolean repeats;
    private final Int2IntCounterMap outputCounts = new Int2IntCounterMap(0);
    private final IntHashSet seenTokens = new IntHashSet();                  // without a window
    private final Int2IntCounterMap windowCounts = new Int2IntCounterMap(0); // with one
    private final int[] window;                                              // [repetitionWindowTokens], a ring
    private long windowTokens;

    /** @param params say which counts will be asked for */
    public TokenHistory(final SamplingParams params) {
        repeats = params.repetitionPenalty() != 1f;
        countsOutput = params.presencePenalty() != 0f || params.frequencyPenalty() != 0f;
        window = new int[repeats ? params.repetitionWindowTokens() : 0];
    }

    /** Notes the prompt. Before any output. */
    public void addPrompt(final int[] prompt) {
        for (int i = 0; repeats && i < prompt.length; i++) {
            note(prompt[i]);
        }
    }

    /** Notes one more output token. */
    public void addOutput(final int token) {
        if (countsOutput) {
            outputCounts.incrementAndGet(token);
        }
        if (repeats) {
            note(token);
        }
    }

    private void note(final int token) {
        if (window.length == 0) {
            seenTokens.add(token);
            return;
        }
        final int slot = (int) (windowTokens % window.length);
        if (windowTokens++ >= window.length) {
            windowCounts.decrementAndGet(window[slot]); // a count of 0 is an absent one
        }
        window[slot] = token;
        windowCounts.incrementAndGet(token);
    }

    /** @return whether any penalty applies */
    boolean countsAnything() {
        return countsOutput || repeats;
    }

    /** @return occurrences in the output; empty when no penalty asks for them */
    Int2IntCounterMap outputCounts() {
        return outputCounts;
    }

    /** Divides positive and multiplies negative logits of the tokens that the repetition penalty looks at. */
    void penalizeRepeated(final float[] logits, final float penalty) {
        if (window.length == 0) {
            final IntHashSet.IntIterator tokens = seenTokens.iterator();
            while (tokens.hasNext()) {
                penalize(logits, tokens.nextValue(), penalty);
            }
        } else {
            windowCounts.forEach((token, count) -> penalize(logits, token, penalty));
        }
    }

    private static void penalize(final float[] logits, final int token, final float penalty) {
        final float logit = logits[token];
        logits[token] = Sampler.finite(logit > 0 ? logit / penalty : logit * penalty);
    }
}
