package io.spillway.node.runner;

/**
 * Port: runs steps on a device. A step is {@link #begin}, {@link #add} per sequence, {@link #submit}; {@link #await} then gives its outcomes.
 *
 * <p>A sequence whose last known token is computed gets its next token. One that comes with proposed tokens may get several:
 * every proposed token is a row too; the token chosen at a row decides whether the row behind it, which assumed its proposal,
 * counts. So what is chosen is what would be chosen one token at a time, whatever was proposed.
 *
 * <p>A runner that {@link #canRunAhead() can run ahead} takes one further step while one is under way: at most two are submitted and not awaited.
 * Steps are computed in the order in which they were submitted, each after everything that the one before wrote. Rows of the further step may stand
 * for tokens that nobody knows yet ({@link #addAhead}). Should such a sequence have ended in the meantime, its rows are computed all the same, for
 * nothing: they may read anything and write where they were to write, so its blocks stay leased until that step has been awaited.
 *
 * <p>What {@link #add} was given of a sequence (tokens, block table, parameters, history, what its constraint allows) is read before
 * {@link #submit} returns; {@link StepSequence#take} and {@link HiddenPool#add} are called by {@link #await}. Single writer: the engine thread.
 */
public interface StepRunner {
    /**
     * @param rowsMax      most tokens of a step, proposed ones included
     * @param sequencesMax most sequences of a step
     */
    record Limits(int rowsMax, int sequencesMax) {
    }

    /** Begins the next step, and forgets what was added and not submitted. */
    void begin();

    /** Adds the next {@code tokenCount} tokens of a sequence; if they are its last known ones, a token is chosen. */
    default void add(final StepSequence sequence, final int tokenCount) {
        add(sequence, tokenCount, new int[0], 0);
    }

    /**
     * Adds the next {@code tokenCount} tokens of a sequence, and behind its last known one a guess at those that follow.
     *
     * @param guess      tokens of the vocabulary; borrowed until {@link #await} has returned
     * @param guessCount how many of {@code guess}; above 0 only if {@code tokenCount} reaches the last known token. The block table has
     *                   room for them
     */
    void add(StepSequence sequence, int tokenCount, int[] guess, int guessCount);

    /**
     * Adds one row for the token that the step submitted last, which is under way, chooses for this sequence. Its position is
     * {@link StepSequence#computedTokens}, that is {@link StepSequence#knownTokens}; the token chosen behind it is the one of output position
     * {@link StepSequence#outputPosition} + 1, and its history is one token longer than {@link StepSequence#history}.
     *
     * @param sequence      for which {@link #canRunAhead(StepSequence)} is true
     * @param previousIndex its index in that step
     */
    void addAhead(StepSequence sequence, int previousIndex);

    /** Gives the step to the device. Throws what the model throws; then it was not submitted. */
    void submit();

    /** Says that a sequence of the step to be awaited next is not to be told of its outcome: it has ended. @param index in that step */
    void drop(int index);

    /**
     * Waits for the step that was submitted first of those under way; its sequences take what was chosen for them. Throws what the model
     * throws; then the step is over without outcomes.
     *
     * @return valid until the next call of {@link #await}
     */
    StepOutcomes await();

    /** @return whether a further step may be submitted before one is awaited */
    boolean canRunAhead();

    /** @return whether the next token of that sequence, which has no constraint, is chosen on the device and can be computed there before the host knows it */
    boolean canRunAhead(StepSequence sequence);
}
