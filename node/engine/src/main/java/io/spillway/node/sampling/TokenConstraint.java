package io.spillway.node.sampling;

/**
 * Which tokens one output may go on with: the seam that structured output stands behind. State is a pure function of the
 * constraint and the tokens taken, so that an output continues anywhere by taking its tokens again.
 *
 * <p>Who chooses a token asks for the mask, chooses under it, then lets the constraint {@link #advance}. Who verifies
 * proposed tokens does that row by row on the constraint itself and stops at the first row that chose otherwise: nothing
 * has to be taken back. Who wants to look ahead (to cut proposals before they are computed) does so on a {@link #copy}.
 *
 * <p>Not thread-safe: one owner at a time, on a node the engine thread.
 */
public interface TokenConstraint {
    /** No single token is forced. */
    int NONE = -1;

    /** @return words that a mask over so many tokens has */
    static int maskWords(final int vocabularySize) {
        return (vocabularySize + Long.SIZE - 1) / Long.SIZE;
    }

    /** @return whether {@code mask} allows {@code token} */
    static boolean allows(final long[] mask, final int token) {
        return (mask[token >>> 6] >>> token & 1L) != 0;
    }

    /**
     * Says which tokens may come next. At least one always may; where the output may end, the tokens that end it.
     *
     * @param mask out, overwritten whole: bit {@code t & 63} of word {@code t >>> 6} set = token {@code t} is allowed;
     *             {@link #maskWords} long; bits beyond the vocabulary are 0
     */
    void fillMask(long[] mask);

    /**
     * Takes the next token of the output.
     *
     * @return false: the token is not allowed here, the state is unchanged
     */
    boolean advance(int token);

    /** @return the only token that may come next; {@link #NONE} when there are several, or when that is not known cheaply */
    int forced();

    /** @return whether the output may end here */
    boolean mayEnd();

    /** @return an equal constraint that goes its own way; cheap, at most a few hundred bytes */
    TokenConstraint copy();
}
