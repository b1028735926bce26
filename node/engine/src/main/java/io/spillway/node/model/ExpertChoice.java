package io.spillway.node.model;

import io.spillway.node.compute.Exp;
import io.spillway.node.weights.ModelShape;

/**
 * Chooses experts for a row by its scores, and weighs them. Every sum is in a fixed order, so that the choice depends on the
 * row alone. Immutable; any thread.
 */
public final class ExpertChoice {
    private final int count;
    private final int chosen;
    private final boolean overAll;
    private final boolean normalised;

    private ExpertChoice(final ModelShape.Experts experts, final boolean overAll) {
        count = experts.count();
        chosen = experts.chosen();
        this.overAll = overAll;
        normalised = experts.normalised();
    }

    /** Weights are probabilities among all experts, divided by the sum of the chosen ones where the shape says so. */
    public static ExpertChoice ofProbabilities(final ModelShape.Experts experts) {
        return new ExpertChoice(experts, true);
    }

    /** Weights are a softmax over the scores of the chosen ones. */
    public static ExpertChoice ofScores(final ModelShape.Experts experts) {
        return new ExpertChoice(experts, false);
    }

    /** @return experts that there are */
    public int count() {
        return count;
    }

    /** @return experts that a row uses */
    public int chosen() {
        return chosen;
    }

    /** @return whether weights are shares of the probability of all experts, not of the chosen ones' alone */
    public boolean weighsAgainstAll() {
        return overAll && !normalised;
    }

    /**
     * @param scores  {@code scores[at … at + experts)}
     * @param into    out: experts, ascending, from {@code intoAt} on; of equal scores the lower expert wins
     * @param weights out: their weights, likewise
     */
    public void choose(final float[] scores, final int at, final int[] into, final float[] weights, final int intoAt) {
        for (int i = 0; i < chosen; i++) {
            insert(best(scores, at, into, intoAt, i), into, intoAt, i);
        }
        float greatest = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < chosen; i++) {
            greatest = Math.max(greatest, scores[at + into[intoAt + i]]);
        }
        float sum = 0;
        for (int i = 0; i < chosen; i++) {
            weights[intoAt + i] = Exp.of(scores[at + into[intoAt + i]] - greatest);
            sum += weights[intoAt + i];
        }
        if (overAll && !normalised) {
            sum = 0;
            for (int expert = 0; expert < count; expert++) {
                sum += Exp.of(scores[at + expert] - greatest);
            }
        }
        for (int i = 0; i < chosen; i++) {
            weights[intoAt + i] /= sum;
        }
    }

    /** @return the best expert that is not among the first {@code taken} of {@code into} */
    private int best(final float[] scores, final int at, final int[] into, final int intoAt, final int taken) {
        int best = -1;
        int next = 0; // into is ascending: walk both together
        for (int expert = 0; expert < count; expert++) {
            if (next < taken && into[intoAt + next] == expert) {
                next++;
            } else if (best < 0 || scores[at + expert] > scores[at + best]) {
                best = expert;
            }
        }
        return best;
    }

    private static void insert(final int expert, final int[] into, final int intoAt, final int taken) {
        int i = taken;
        for (; i > 0 && into[intoAt + i - 1] > expert; i--) {
            into[intoAt + i] = into[intoAt + i - 1];
        }
        into[intoAt + i] = expert;
    }
}
