package io.spillway.node.cuda.model;

/**
 * How large a step is, and which kernels it needs: all that its launches depend on. What the rows are stands in device memory.
 *
 * @param rows       of all sequences, those that only fill a bucket included
 * @param singleRows the first of them: attended one by one; the others are parts of prompts
 * @param items      pieces of work that the others are cut into, of all windows together
 * @param wanted     rows whose output is wanted
 * @param output     what becomes of them
 * @param hasAhead   whether some tokens are those that the step before has chosen
 */
record StepShape(int rows, int singleRows, int items, int wanted, Output output, boolean hasAhead) {
    /** What becomes of the wanted rows. */
    enum Output {
        /** Hidden states behind the last norm. */
        HIDDEN,
        /** Logits, for the host. */
        LOGITS,
        /** Tokens of the largest logits, or the host chooses. */
        GREEDY,
        /** Tokens, some of them drawn. */
        DRAWN,
        /** Tokens, and log probabilities of some. */
        WITH_LOGPROBS;

        /** @return whether the device chooses */
        boolean isChosen() {
            return compareTo(GREEDY) >= 0;
        }
    }

    /** @return whether it has parts of prompts: then its size changes from step to step */
    boolean isMixed() {
        return items > 0;
    }
}
