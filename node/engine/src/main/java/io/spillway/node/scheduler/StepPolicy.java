package io.spillway.node.scheduler;

import java.util.List;

/**
 * Who computes how much in a step, who gives blocks back, who may begin.
 *
 * <ul>
 * <li>Decoding sequences come first, one token each, in the order of {@link Rank}. What is left of the step's tokens goes
 *     to prefill.
 * <li>Prefill is shared so that neither a long prompt nor an agent run with many can hold up the others: the first in
 *     rank gets half; the rest is dealt evenly to agent runs, and within a run evenly to its sequences; what those do not
 *     need goes to the first in rank again.
 * <li>When a sequence lacks blocks, others behind it in rank give theirs back: of the lowest priority first, among those
 *     the one that is soonest where it was, per block that it frees. The first in rank can take all: so it always gets
 *     on, and with it, one after the other, everybody.
 * <li>A sequence begins where the working sets of all, known tokens and expected output, have room together.
 * </ul>
 * Pure: same arguments, same plan. Any thread.
 *
 * @param stepTokensMax most tokens computed in one step
 * @param blockTokens   tokens of a block
 */
public record StepPolicy(int stepTokensMax, int blockTokens) {
    /** Nobody. */
    public static final int NONE = -1;

    /**
     * @param byRank            sequences on the device, the first in rank first
     * @param allocatableBlocks blocks that can be allocated without taking any from a sequence
     * @param plan              out
     */
    public void plan(final List<? extends Schedulable> byRank, final int allocatableBlocks, final StepPlan plan) {
        plan.begin(byRank.size());
        final StepBudget budget = plan.budget();
        budget.begin(this, byRank, plan, allocatableBlocks);
        boolean isPrefilling = false;
        for (int i = 0; i < byRank.size(); i++) {
            final Schedulable sequence = byRank.get(i);
            isPrefilling |= sequence.ready() && sequence.pendingTokens() > 1;
            if (sequence.ready() && sequence.pendingTokens() == 1 && !plan.preempts(i) && budget.tokensLeft() > 0) {
                budget.giveUpTo(i, 1);
            }
        }
        if (isPrefilling) {
            prefill(byRank, plan);
        }
    }

    private static void prefill(final List<? extends Schedulable> byRank, final StepPlan plan) {
        final int[] shares = PrefillShares.of(byRank, plan, plan.budget().tokensLeft());
        for (int i = 0; i < byRank.size(); i++) {
            if (shares[i] > 0 && !plan.preempts(i)) {
                plan.budget().giveUpTo(i, shares[i]);
            }
        }
    }

    /**
     * Whether the next sequence can begin, and all probably end, without driving each other out. Where there is no room,
     * those make way that are behind it in rank and of lower priority, the last in rank first, if that is enough.
     *
     * @param active    sequences on the device, the first in rank first
     * @param activeMax most of them
     * @param next      the one that wants to begin, with the blocks it has found
     * @param blocks    that can be allocated
     * @return how many of the last in rank must make way for it; {@link #NONE} when it must wait. 0 when it is alone
     */
    public int admits(
        final List<? extends Schedulable> active, final int activeMax, final Schedulable next, final int blocks) {
        long wanted = expectedBlocks(next);
        for (int i = 0; i < active.size(); i++) {
            wanted += expectedBlocks(active.get(i));
        }
        long room = blocks;
        for (int kept = active.size(); kept >= 0; kept--) {
            if (kept < activeMax && (kept == 0 || wanted <= room)) {
                return active.size() - kept;
            }
            if (kept > 0) {
                final Schedulable last = active.get(kept - 1);
                if (last.rank().priority() >= next.rank().priority() || last.rank().compareTo(next.rank()) < 0) {
                    return NONE;
                }
                wanted -= expectedBlocks(last);
                room += last.reclaimableBlocks();
            }
        }
        return NONE;
    }

    private long expectedBlocks(final Schedulable sequence) {
        return Math.max(0, Math.ceilDiv(sequence.expectedTokens(), blockTokens) - sequence.heldBlocks());
    }

    /** @return blocks that all sequences would take in a step without limits */
    public int wantedBlocks(final List<? extends Schedulable> active) {
        int wanted = 0;
        for (int i = 0; i < active.size(); i++) {
            final Schedulable sequence = active.get(i);
            if (sequence.ready()) {
                final int tokens = Math.min(sequence.pendingTokens(), stepTokensMax);
                wanted += Math.max(0, blocksFor(sequence, tokens) - sequence.heldBlocks());
            }
        }
        return wanted;
    }

    /** @return blocks that a sequence has in all when it has computed {@code moreTokens} */
    int blocksFor(final Schedulable sequence, final int moreTokens) {
        return Math.ceilDiv(sequence.computedTokens() + moreTokens, blockTokens);
    }
}
