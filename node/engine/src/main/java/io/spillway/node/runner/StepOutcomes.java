package io.spillway.node.runner;

import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.request.TokenLogprob;

/** What became of the sequences of a step, by their index: the order in which they were added. Read by the engine thread. */
public interface StepOutcomes {
    /** @return sequences of the step */
    int count();

    /** @return rows of the step, proposed ones included */
    int rows();

    /**
     * @return tokens chosen for the sequence, one that ends its output included; 0 when its known tokens are not all computed, or it was dropped
     */
    int chosenCount(int index);

    /** @return the {@code i}-th token chosen for the sequence */
    int chosen(int index, int i);

    /** @return log probabilities of {@link #chosen}; null when not asked for */
    TokenLogprob logprob(int index, int i);

    /** @return leading proposed tokens that were chosen and go on: their keys and values stand in the sequence's blocks */
    int accepted(int index);

    /** @return why no further token could be chosen; null when nothing failed. Tokens chosen before it stand */
    SpillwayException failure(int index);
}
