package io.spillway.node.scheduler;

import java.util.List;

/** Deals a step's tokens to those that prefill; see {@link StepPolicy}. One thread, one plan. */
final class PrefillShares {
    private final List<? extends Schedulable> byRank;
    private final StepPlan plan;
    private final int[] shares; // [≥ count]
    private final int count;
    private int first = StepPolicy.NONE;
    private int left;

    private PrefillShares(final List<? extends Schedulable> byRank, final StepPlan plan, final int tokens) {
        this.byRank = byRank;
        this.plan = plan;
        shares = plan.shares();
        count = byRank.size();
        left = tokens;
    }

    /** @return tokens per sequence; 0 for those that do not prefill; sums to at most {@code tokens} */
    static int[] of(final List<? extends Schedulable> byRank, final StepPlan plan, final int tokens) {
        final PrefillShares shares = new PrefillShares(byRank, plan, tokens);
        shares.half();
        while (shares.deal()) {
            // another round, with what somebody did not need
        }
        shares.rest();
        return shares.shares;
    }

    private int missing(final int index) {
        final Schedulable sequence = byRank.get(index);
        final boolean prefills = sequence.ready() && sequence.pendingTokens() > 1 && !plan.preempts(index);
        return prefills ? sequence.pendingTokens() - shares[index] : 0;
    }

    private void half() {
        for (int i = 0; i < count && first == StepPolicy.NONE; i++) {
            if (missing(i) > 0) {
                first = i;
                give(i, Math.ceilDiv(left, 2));
            }
        }
    }

    private void give(final int index, final int tokens) {
        final int given = Math.min(Math.min(tokens, left), missing(index));
        shares[index] += given;
        left -= given;
    }

    /** One even part for every flow, and of it one for each of its sequences. @return whether it is worth another round */
    private boolean deal() {
        int flows = 0;
        for (int i = 0; i < count; i++) {
            flows = Math.max(flows, byRank.get(i).rank().flow() + 1);
        }
        final int[] needy = plan.flowNeedy(flows);
        int needyFlows = 0;
        for (int i = 0; i < count; i++) {
            if (i != first && missing(i) > 0 && needy[byRank.get(i).rank().flow()]++ == 0) {
                needyFlows++;
            }
        }
        final int before = left;
        final int part = needyFlows == 0 ? 0 : left / needyFlows;
        for (int i = 0; i < count; i++) {
            if (i != first && missing(i) > 0) {
                give(i, part / needy[byRank.get(i).rank().flow()]);
            }
        }
        for (int i = 0; i < count; i++) {
            needy[byRank.get(i).rank().flow()] = 0;
        }
        return left > 0 && left < before;
    }

    private void rest() {
        for (int i = 0; i < count && left > 0; i++) {
            give(i, left);
        }
    }
}
