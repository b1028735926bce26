package io.spillway.node.scheduler;

import java.util.Arrays;

/** What the sequences of one step do. Refilled every step. Index = place in the list that was planned for. */
public final class StepPlan {
    private static final int PREEMPTED = -1;

    private int[] tokens = new int[16];    // [≥ sequences], PREEMPTED: gives its blocks back
    private int[] shares = new int[16];    // [≥ sequences], scratch of the policy
    private int[] flowNeedy = new int[16]; // [≥ flows], scratch of the policy
    private final StepBudget budget = new StepBudget();
    private int count;
    private int keptCount;

    /** @return sequences planned for */
    public int count() {
        return count;
    }

    /** @return sequences that stay */
    public int keptCount() {
        return keptCount;
    }

    /** @return whether the sequence gives its blocks back and queues again */
    public boolean preempts(final int sequence) {
        return tokens[sequence] == PREEMPTED;
    }

    /** @return tokens that the sequence computes in this step; 0 = none */
    public int tokens(final int sequence) {
        return Math.max(0, tokens[sequence]);
    }

    /** @return tokens of the whole step */
    public int totalTokens() {
        int total = 0;
        for (int i = 0; i < count; i++) {
            total += tokens(i);
        }
        return total;
    }

    void begin(final int sequences) {
        if (tokens.length < sequences) {
            tokens = new int[2 * sequences];
            shares = new int[2 * sequences];
        }
        Arrays.fill(tokens, 0, sequences, 0);
        count = sequences;
        keptCount = sequences;
    }

    void give(final int sequence, final int tokenCount) {
        tokens[sequence] = tokenCount;
    }

    void preempt(final int sequence) {
        tokens[sequence] = PREEMPTED;
        keptCount--;
    }

    /** Closes the gaps that preempted sequences left: from now on an index is a place among those that stay. */
    public void dropPreempted() {
        int kept = 0;
        for (int i = 0; i < count; i++) {
            if (!preempts(i)) {
                tokens[kept++] = tokens[i];
            }
        }
        count = kept;
    }

    StepBudget budget() {
        return budget;
    }

    /** @return one number per sequence, all 0 */
    int[] shares() {
        Arrays.fill(shares, 0, count, 0);
        return shares;
    }

    /** @return a count per flow, all 0 between uses */
    int[] flowNeedy(final int flows) {
        if (flowNeedy.length < flows) {
            flowNeedy = new int[2 * flows];
        }
        return flowNeedy;
    }
}
