package io.spillway.node.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.spillway.node.weights.ModelShape;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** The router's choice against a sort and a softmax in double precision. */
class ExpertChoiceTest {
    private record Chosen(int[] experts, float[] weights) { }

    private static Chosen choose(final ExpertChoice choice, final float[] scores, final int at, final int chosen) {
        final int[] experts = new int[chosen + 5];
        final float[] weights = new float[chosen + 5];
        choice.choose(scores, at, experts, weights, 3);
        return new Chosen(Arrays.copyOfRange(experts, 3, 3 + chosen), Arrays.copyOfRange(weights, 3, 3 + chosen));
    }

    @Property(tries = 300)
    void theBestAreChosenAndWeighed(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 64) final int count,
            @ForAll @IntRange(min = 1, max = 10) final int wanted, @ForAll final boolean ties) {
        final int chosen = Math.min(wanted, count);
        final Random random = new Random(seed);
        final int at = random.nextInt(9);
        final float[] scores = new float[count + 9];
        for (int i = 0; i < scores.length; i++) {
            scores[i] = ties ? random.nextInt(5) : (float) random.nextGaussian() * 3;
        }
        final int[] expected = IntStream.range(0, count).boxed()
                .sorted(Comparator.comparing((final Integer e) -> -scores[at + e]).thenComparing(e -> e))
                .limit(chosen).mapToInt(e -> e).sorted().toArray();
        final double all = IntStream.range(0, count).mapToDouble(e -> Math.exp(scores[at + e])).sum();
        final double few = Arrays.stream(expected).mapToDouble(e -> Math.exp(scores[at + e])).sum();
        assertWeights(ExpertChoice.ofProbabilities(new ModelShape.Experts(count, chosen, 1, false)), scores, at, expected, all);
        assertWeights(ExpertChoice.ofProbabilities(new ModelShape.Experts(count, chosen, 1, true)), scores, at, expected, few);
        assertWeights(ExpertChoice.ofScores(new ModelShape.Experts(count, chosen, 1, false)), scores, at, expected, few);
    }

    private static void assertWeights(final ExpertChoice choice, final float[] scores, final int at, final int[] expected, final double sum) {
        final Chosen actual = choose(choice, scores, at, expected.length);
        assertThat(actual.experts()).isEqualTo(expected);
        for (int i = 0; i < expected.length; i++) {
            assertThat((double) actual.weights()[i]).isCloseTo(Math.exp(scores[at + expected[i]]) / sum, within(1e-5));
        }
    }
}
