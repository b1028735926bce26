package io.spillway.node.speculation;

import java.util.Arrays;

/**
 * How often proposed tokens turn out right, measured: per proposer and grade over all sequences, and per proposer and sequence as a
 * factor on that, because some outputs repeat their context and some do not. A token counts when those before it were right.
 *
 * <p>Single writer: the engine thread.
 */
final class AcceptanceRates {
    private static final double WEIGHT_MIN = 0.02;
    private static final double PRIOR_COUNT = 8;
    private static final double MEMORY = 0.9;
    private static final double FACTOR_PRIOR = 1.5;
    private static final double RATE_MIN = 0.01;
    private static final double RATE_MAX = 0.99;

    private final double[][] rates;  // [proposers][grades]
    private final double[][] counts; // [proposers][grades]
    private double[][] expected;     // [proposers][≥ slots], decayed sum of what the rates promised
    private double[][] actual;       // [proposers][≥ slots], decayed sum of what came true

    AcceptanceRates(final java.util.List<? extends Proposer> proposers) {
        rates = new double[proposers.size()][Proposer.GRADES];
        counts = new double[proposers.size()][Proposer.GRADES];
        expected = new double[proposers.size()][16];
        actual = new double[proposers.size()][16];
        for (int p = 0; p < proposers.size(); p++) {
            for (int grade = 0; grade < Proposer.GRADES; grade++) {
                rates[p][grade] = Math.clamp(proposers.get(p).priorRate(grade), RATE_MIN, RATE_MAX);
                counts[p][grade] = PRIOR_COUNT;
            }
        }
    }

    void open(final int slot) {
        for (int p = 0; p < expected.length; p++) {
            if (slot >= expected[p].length) {
                expected[p] = Arrays.copyOf(expected[p], 2 * slot);
                actual[p] = Arrays.copyOf(actual[p], 2 * slot);
            }
            expected[p][slot] = FACTOR_PRIOR;
            actual[p][slot] = FACTOR_PRIOR;
        }
    }

    /** @return probability that a token of that grade is right, given that those before it are */
    double rate(final int proposer, final int grade, final int slot) {
        if (proposer == Proposals.FORCED) {
            return 1;
        }
        return Math.clamp(rates[proposer][grade] * factor(proposer, slot), RATE_MIN, RATE_MAX);
    }

    /** @return what a token of this proposer is worth for the sequence, its grade being unknown */
    double expectation(final int proposer, final int slot) {
        double sum = 0;
        double count = 0;
        for (int grade = 0; grade < Proposer.GRADES; grade++) {
            sum += rates[proposer][grade] * counts[proposer][grade];
            count += counts[proposer][grade];
        }
        return Math.clamp(sum / count * factor(proposer, slot), RATE_MIN, RATE_MAX);
    }

    private double factor(final int proposer, final int slot) {
        return actual[proposer][slot] / expected[proposer][slot];
    }

    void observe(final int proposer, final int grade, final int slot, final boolean isRight) {
        if (proposer == Proposals.FORCED) {
            return;
        }
        final double rate = rates[proposer][grade];
        expected[proposer][slot] = (expected[proposer][slot] - FACTOR_PRIOR) * MEMORY + rate + FACTOR_PRIOR;
        actual[proposer][slot] = (actual[proposer][slot] - FACTOR_PRIOR) * MEMORY + (isRight ? 1 : 0) + FACTOR_PRIOR;
        final double weight = Math.max(WEIGHT_MIN, 1 / ++counts[proposer][grade]);
        rates[proposer][grade] = rate + weight * ((isRight ? 1 : 0) - rate);
        counts[proposer][grade] = Math.min(counts[proposer][grade], 1 / WEIGHT_MIN);
    }
}
