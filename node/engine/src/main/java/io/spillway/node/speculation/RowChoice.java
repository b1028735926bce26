package io.spillway.node.speculation;

import java.util.Arrays;

/**
 * Which guesses are computed: those that give the most output per second. Tokens are taken in the order of the probability that they
 * and all before them are right, for as many rows as make the expected output over the expected time largest; that is none when no
 * number of rows pays.
 *
 * <p>Scratch memory, made once. Single writer: the engine thread.
 */
final class RowChoice {
    private final long[] keys;     // [entriesMax · tokensMax], probability descending, then entry, then place
    private final double[] chance; // [entriesMax · tokensMax]
    private final int[] keptOf;    // [entriesMax]
    private final int tokensMax;

    RowChoice(final int entriesMax, final int tokensMax) {
        this.tokensMax = tokensMax;
        keys = new long[entriesMax * tokensMax];
        chance = new double[entriesMax * tokensMax];
        keptOf = new int[entriesMax];
    }

    /** @param rows of the step without guesses @param rowsLeft that may come on top */
    record Step(int rows, int rowsLeft) {
    }

    /** Cuts {@code proposals} to what pays; with {@code isAll}, to what there is room for, the likeliest. @return rows left in */
    int cut(final Proposals proposals, final AcceptanceRates rates, final StepCost cost, final Step step, final boolean isAll) {
        final int count = collect(proposals, rates);
        Arrays.sort(keys, 0, count);
        final int most = Math.min(count, step.rowsLeft());
        final int kept = isAll || !cost.isKnown() ? most : best(cost, step.rows(), most, proposals.spentNanos());
        // Probabilities fall along an entry and its places rise, so the first keys hold a beginning of every entry.
        Arrays.fill(keptOf, 0, proposals.count(), 0);
        for (int i = 0; i < kept; i++) {
            keptOf[(int) keys[i] / tokensMax]++;
        }
        for (int entry = 0; entry < proposals.count(); entry++) {
            proposals.keep(entry, keptOf[entry]);
        }
        return kept;
    }

    private int collect(final Proposals proposals, final AcceptanceRates rates) {
        int count = 0;
        for (int entry = 0; entry < proposals.count(); entry++) {
            double together = 1;
            for (int i = 0; i < proposals.size(entry); i++) {
                together *= rates.rate(proposals.proposer(entry, i), proposals.grade(entry, i), proposals.slot(entry));
                final int place = entry * tokensMax + i;
                chance[place] = together;
                keys[count++] = (long) (Integer.MAX_VALUE - Float.floatToRawIntBits((float) together)) << 32 | place;
            }
        }
        return count;
    }

    private int best(final StepCost cost, final int rows, final int most, final double spentNanos) {
        double gain = rows;
        int best = 0;
        double bestValue = gain / (cost.nanos(rows) + spentNanos);
        for (int i = 0; i < most; i++) {
            gain += chance[(int) keys[i]];
            final double value = gain / (cost.nanos(rows + i + 1) + spentNanos);
            if (value > bestValue) {
                best = i + 1;
                bestValue = value;
            }
        }
        return best;
    }
}
