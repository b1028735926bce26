package io.spillway.node.cuda.model;

/**
 * How large a step is: all that its launches depend on. What the rows are stands in device memory.
 *
 * @param rows       of all sequences, those that only fill a bucket included
 * @param singleRows the first of them: attended one by one; the others are parts of prompts
 * @param tiles      pieces that the others are cut into
 * @param wanted     rows whose output is wanted
 * @param isHidden   whether the output is hidden states, not logits
 */
record StepShape(int rows, int singleRows, int tiles, int wanted, boolean isHidden) {
    /** @return whether it has parts of prompts: then its size changes from step to step */
    boolean isMixed() {
        return tiles > 0;
    }
}
