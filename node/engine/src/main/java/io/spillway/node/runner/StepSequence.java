package io.spillway.node.runner;

import io.spillway.domain.request.SamplingParams;
import io.spillway.node.sampling.TokenConstraint;
import io.spillway.node.sampling.TokenHistory;

/** A sequence, as a step needs it. Read, and told of its next tokens, by the engine thread during one step. */
public interface StepSequence {
    /** @return the known token at {@code position}, prompt first */
    int token(int position);

    /** @return tokens known: prompt and output so far */
    int knownTokens();

    /** @return tokens whose KV is in the block table: the first row of the step has this position */
    int computedTokens();

    /** @return device block per block of positions, long enough for the step */
    int[] blockTable();

    /** @return how the next token is chosen */
    SamplingParams sampling();

    /** @return what penalties have to know */
    TokenHistory history();

    /** @return output position of the next token, from 0 */
    int outputPosition();

    /** @return which tokens may come next; null when all may */
    TokenConstraint constraint();

    /**
     * Takes a token that was chosen for it: from now on it is known, counted by {@link #history} and seen by {@link #constraint}.
     * A token that ends the output is not.
     *
     * @return whether the output goes on behind it
     */
    boolean take(int token);

    /** @return where its hidden states are wanted instead of tokens; null when tokens are */
    default HiddenPool pool() {
        return null;
    }
}
