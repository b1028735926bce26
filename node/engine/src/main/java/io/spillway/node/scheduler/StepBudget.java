package io.spillway.node.scheduler;

import java.util.List;

/** What is left of tokens and blocks while one plan is made. Belongs to that plan; refilled for each. */
final class StepBudget {
    private StepPolicy policy;
    private List<? extends Schedulable> byRank;
    private StepPlan plan;
    private int tokens;
    private int blocks;

    void begin(
        final StepPolicy newPolicy, final List<? extends Schedulable> sequences, final StepPlan newPlan,
        final int newBlocks) {
        policy = newPolicy;
        byRank = sequences;
        plan = newPlan;
        tokens = newPolicy.stepTokensMax();
        blocks = newBlocks;
    }

    int tokensLeft() {
        return tokens;
    }

    /** Gives the sequence as many of {@code wanted} as its blocks allow, after making room for one if there is none. */
    void giveUpTo(final int index, final int wanted) {
        final Schedulable sequence = byRank.get(index);
        final int missing = policy.blocksFor(sequence, 1) - sequence.heldBlocks();
        if (missing > blocks) {
            makeRoom(index, missing);
        }
        final long room = (long) (sequence.heldBlocks() + blocks) * policy.blockTokens() - sequence.computedTokens();
        final int given = align(sequence, (int) Math.min(Math.min(wanted, tokens), Math.max(0, room)));
        plan.give(index, given);
        tokens -= given;
        blocks -= takenBlocks(sequence, given);
    }

    /** A chunk that does not finish the prompt ends with a block, so that others can share that block at once. */
    private int align(final Schedulable sequence, final int wanted) {
        if (wanted >= sequence.pendingTokens()) {
            return wanted;
        }
        final int overhang = (sequence.computedTokens() + wanted) % policy.blockTokens();
        return overhang < wanted ? wanted - overhang : wanted;
    }

    private int takenBlocks(final Schedulable sequence, final int given) {
        return given == 0 ? 0 : Math.max(0, policy.blocksFor(sequence, given) - sequence.heldBlocks());
    }

    private void makeRoom(final int index, final int missing) {
        if (index > 0 && !enoughBehind(index, missing)) {
            return; // driving others out would not help; one in front will finish or make room
        }
        for (int victim = victim(index); missing > blocks && victim != StepPolicy.NONE; victim = victim(index)) {
            tokens += plan.tokens(victim);
            blocks += freed(victim);
            plan.preempt(victim);
        }
    }

    private int freed(final int victim) {
        return takenBlocks(byRank.get(victim), plan.tokens(victim)) + byRank.get(victim).reclaimableBlocks();
    }

    private boolean enoughBehind(final int index, final int missing) {
        int found = blocks;
        for (int i = byRank.size() - 1; i > index && found < missing; i--) {
            found += plan.preempts(i) ? 0 : freed(i);
        }
        return found >= missing;
    }

    /** @return who of those behind {@code index} costs least to drive out */
    private int victim(final int index) {
        int best = StepPolicy.NONE;
        for (int i = byRank.size() - 1; i > index; i--) {
            if (!plan.preempts(i) && (best == StepPolicy.NONE || costsLess(i, best))) {
                best = i;
            }
        }
        return best;
    }

    private boolean costsLess(final int a, final int b) {
        final int priorityA = byRank.get(a).rank().priority();
        final int priorityB = byRank.get(b).rank().priority();
        if (priorityA != priorityB) {
            return priorityA < priorityB;
        }
        // Nanoseconds per block, compared crosswise; one that frees nothing goes last.
        final double costA = (double) byRank.get(a).comeBackNanos() * freed(b);
        final double costB = (double) byRank.get(b).comeBackNanos() * freed(a);
        return freed(a) > 0 && (freed(b) == 0 || costA < costB);
    }
}
