package io.spillway.node.speculation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** What is measured, and what is made of it. */
class ChoiceTest {
    private static StepCost measured(final double firstNanos, final double rowNanos) {
        final StepCost cost = new StepCost();
        for (int round = 0; round < 200; round++) {
            for (int rows = 1; rows <= 40; rows++) {
                cost.observe(rows, (long) (firstNanos + (rows - 1) * rowNanos));
            }
        }
        return cost;
    }

    @Test
    void costsAreLearned() {
        final StepCost cost = measured(1_000_000, 300_000);
        for (final int rows : new int[] {2, 4, 8, 16, 32}) {
            assertThat(cost.nanos(rows) / cost.nanos(1)).isCloseTo(1 + (rows - 1) * 0.3, within(0.35 * rows * 0.3));
        }
        cost.observe(4, 0); // a clock that stands still tells nothing
        assertThat(new StepCost().isKnown()).isFalse();
    }

    @Property(tries = 50)
    void binsRiseWithRows(@ForAll final long seed) {
        final int rows = 1 + new Random(seed).nextInt(100_000);
        assertThat(StepCost.binOf(rows + 1)).isBetween(StepCost.binOf(rows), StepCost.binOf(rows) + 1);
    }

    @Test
    void acceptanceIsLearnedPerGradeAndSequence() {
        final AcceptanceRates rates = new AcceptanceRates(List.of(new SuffixProposer(false)));
        final Random random = new Random(1);
        for (int i = 0; i < 2_000; i++) {
            if (i % 50 == 0) {
                rates.open(0);
                rates.open(1);
            }
            rates.observe(0, 3, 0, random.nextInt(10) < 9);
            rates.observe(0, 3, 1, random.nextInt(10) < 3);
        }
        assertThat(rates.rate(0, 3, 0)).isGreaterThan(rates.rate(0, 3, 1) + 0.2);
        rates.open(2);
        assertThat(rates.rate(0, 3, 2)).isBetween(0.4, 0.8);
        assertThat(rates.rate(Proposals.FORCED, 0, 0)).isEqualTo(1);
    }
}
