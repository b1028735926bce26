package io.spillway.node.scheduler;

import java.util.List;

/**
 * Who computes how much in a step, who gives blocks back, who may begin.
 *
 * <ul>
 * <li>Decoding sequences come first, one token each, the oldest first. What is left of the step's tokens goes to
 *     prefill.
 * <li>Prefill is shared so that a long prompt cannot hold up short ones: the oldest gets half, the rest is dealt evenly
 *     to the others, what those do not need goes back to the oldest first.
 * <li>When a sequence lacks blocks, the youngest give theirs back, never one older than itself. The oldest can take
 *     all: so it always gets on, and with it, one after the other, everybody.
 * </ul>
 * Pure: same arguments, same plan. Any thread.
 *
 * @param stepTokensMax most tokens computed in one step
 * @param blockTokens   tokens of a block
 */
public record StepPolicy(int stepTokensMax, int blockTokens) {
    /**
     * @param byAge             sequences on the device, the oldest first
     * @param allocatableBlocks blocks that can be allocated without taking any from a sequence
     * @param plan              out
     */
    public void plan(final List<? extends Schedulable> byAge, final int allocatableBlocks, final StepPlan plan) {
        plan.begin(byAge.size());
        final Budget budget = new Budget(byAge, plan, stepTokensMax, allocatableBlocks);
        for (int i = 0; i < plan.keptCount(); i++) {
            if (decodes(byAge.get(i)) && budget.tokens > 0) {
                giveUpTo(i, 1, budget);
            }
        }
        final int[] shares = prefillShares(byAge, plan.keptCount(), budget.tokens);
        for (int i = 0; i < plan.keptCount(); i++) {
            if (shares[i] > 0) {
                giveUpTo(i, shares[i], budget);
            }
        }
    }

    /**
     * @param active            sequences on the device
     * @param neededBlocks      blocks that the next one still needs for its known tokens
     * @param allocatableBlocks blocks that can be allocated
     * @return whether it can begin without driving others out; always when it is alone
     */
    public boolean admits(
        final List<? extends Schedulable> active, final int neededBlocks, final int allocatableBlocks) {
        long promisedBlocks = 0;
        for (int i = 0; i < active.size(); i++) {
            final Schedulable sequence = active.get(i);
            promisedBlocks += Math.max(0, blocksFor(sequence, sequence.pendingTokens()) - sequence.heldBlocks());
        }
        return active.isEmpty() || neededBlocks + promisedBlocks <= allocatableBlocks;
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

    private static boolean decodes(final Schedulable sequence) {
        return sequence.ready() && sequence.pendingTokens() == 1;
    }

    private static boolean prefills(final Schedulable sequence) {
        return sequence.ready() && sequence.pendingTokens() > 1;
    }

    private int blocksFor(final Schedulable sequence, final int moreTokens) {
        return Math.ceilDiv(sequence.computedTokens() + moreTokens, blockTokens);
    }

    /** Gives the sequence as many of {@code tokens} as its blocks allow, after making room for one if there is none. */
    private void giveUpTo(final int index, final int tokens, final Budget budget) {
        final Schedulable sequence = budget.byAge.get(index);
        final int missing = blocksFor(sequence, 1) - sequence.heldBlocks();
        if (missing > budget.blocks) {
            makeRoom(index, missing, budget);
        }
        final long room = (long) (sequence.heldBlocks() + budget.blocks) * blockTokens - sequence.computedTokens();
        final int given = align(sequence, (int) Math.min(tokens, Math.max(0, room)));
        budget.plan.give(index, given);
        budget.tokens -= given;
        budget.blocks -= takenBlocks(sequence, given);
    }

    /** A chunk that does not finish the prompt ends with a block, so that others can share that block at once. */
    private int align(final Schedulable sequence, final int tokens) {
        if (tokens >= sequence.pendingTokens()) {
            return tokens;
        }
        final int overhang = (sequence.computedTokens() + tokens) % blockTokens;
        return overhang < tokens ? tokens - overhang : tokens;
    }

    private int takenBlocks(final Schedulable sequence, final int tokens) {
        return tokens == 0 ? 0 : Math.max(0, blocksFor(sequence, tokens) - sequence.heldBlocks());
    }

    private void makeRoom(final int index, final int missing, final Budget budget) {
        if (index > 0 && !enoughBehind(index, missing, budget)) {
            return; // driving the younger out would not help; an older one will finish or make room
        }
        while (missing > budget.blocks && budget.plan.keptCount() > index + 1) {
            final int youngest = budget.plan.keptCount() - 1;
            final Schedulable victim = budget.byAge.get(youngest);
            budget.tokens += budget.plan.tokens(youngest);
            budget.blocks += takenBlocks(victim, budget.plan.tokens(youngest)) + victim.reclaimableBlocks();
            budget.plan.dropYoungest();
        }
    }

    private boolean enoughBehind(final int index, final int missing, final Budget budget) {
        int blocks = budget.blocks;
        for (int i = budget.plan.keptCount() - 1; i > index && blocks < missing; i--) {
            final Schedulable victim = budget.byAge.get(i);
            blocks += takenBlocks(victim, budget.plan.tokens(i)) + victim.reclaimableBlocks();
        }
        return blocks >= missing;
    }

    /** @return tokens per sequence; 0 for those that do not prefill; sums to at most {@code tokens} */
    private static int[] prefillShares(final List<? extends Schedulable> byAge, final int count, final int tokens) {
        final int[] shares = new int[count];
        int left = tokens;
        int takers = 0;
        for (int i = 0; i < count && left > 0; i++) {
            if (prefills(byAge.get(i))) {
                if (takers++ == 0) {
                    shares[i] = Math.min(byAge.get(i).pendingTokens(), Math.ceilDiv(left, 2));
                    left -= shares[i];
                }
            }
        }
        left = dealEvenly(byAge, shares, left);
        for (int i = 0; i < count && left > 0; i++) {
            if (prefills(byAge.get(i))) {
                final int more = Math.min(left, byAge.get(i).pendingTokens() - shares[i]);
                shares[i] += more;
                left -= more;
            }
        }
        return shares;
    }

    /** Even parts for all but the oldest, in rounds, until none needs more or a part would be less than a token. */
    private static int dealEvenly(final List<? extends Schedulable> byAge, final int[] shares, final int tokens) {
        int left = tokens;
        int needy = 1;
        while (left > 0 && needy > 0) {
            needy = 0;
            boolean isOldest = true;
            for (int i = 0; i < shares.length; i++) {
                if (prefills(byAge.get(i))) {
                    needy += !isOldest && shares[i] < byAge.get(i).pendingTokens() ? 1 : 0;
                    isOldest = false;
                }
            }
            final int part = needy == 0 ? 0 : left / needy;
            if (part == 0) {
                break;
            }
            isOldest = true;
            for (int i = 0; i < shares.length; i++) {
                if (prefills(byAge.get(i))) {
                    final int more = isOldest ? 0 : Math.min(part, byAge.get(i).pendingTokens() - shares[i]);
                    shares[i] += more;
                    left -= more;
                    isOldest = false;
                }
            }
        }
        return left;
    }

    /** What is left while one plan is made. */
    private static final class Budget {
        private final List<? extends Schedulable> byAge;
        private final StepPlan plan;
        private int tokens;
        private int blocks;

        private Budget(
            final List<? extends Schedulable> byAge, final StepPlan plan, final int tokens, final int blocks) {
            this.byAge = byAge;
            this.plan = plan;
            this.tokens = tokens;
            this.blocks = blocks;
        }
    }
}
