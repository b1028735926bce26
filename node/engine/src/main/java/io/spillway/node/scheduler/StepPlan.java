package io.spillway.node.scheduler;

import java.util.Arrays;

/** What the sequences of one step do. Refilled every step. Index = place in the list that was planned for. */
public final class StepPlan {
    private int[] tokens = new int[16]; // [≥ sequences]
    private int keptCount;

    /** @return sequences that stay; those behind, the youngest, give their blocks back and queue again */
    public int keptCount() {
        return keptCount;
    }

    /** @return tokens that the sequence computes in this step; 0 = none */
    public int tokens(final int sequence) {
        return tokens[sequence];
    }

    /** @return tokens of the whole step */
    public int totalTokens() {
        int total = 0;
        for (int i = 0; i < keptCount; i++) {
            total += tokens[i];
        }
        return total;
    }

    void begin(final int sequences) {
        if (tokens.length < sequences) {
            tokens = new int[2 * sequences];
        }
        Arrays.fill(tokens, 0, sequences, 0);
        keptCount = sequences;
    }

    void give(final int sequence, final int count) {
        tokens[sequence] = count;
    }

    void dropYoungest() {
        keptCount--;
        tokens[keptCount] = 0;
    }
}
