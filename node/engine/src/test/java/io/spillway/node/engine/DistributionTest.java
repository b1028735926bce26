package io.spillway.node.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.request.SamplingParams;
import io.spillway.domain.request.TokenLogprob;
import io.spillway.kvstore.service.NoBlockStore;
import io.spillway.node.speculation.Speculation;
import io.spillway.node.speculation.SuffixProposer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * Outputs that were guessed ahead have the model's distribution. One prompt, many seeds, three candidates per position; the third token is
 * counted for every beginning it had and held against the probabilities that the log probabilities state. Guesses come from what earlier
 * seeds wrote, so they lean heavily to what is likely: whoever accepted them too readily would show. Fixed seeds: passes always or never.
 */
class DistributionTest {
    private static final int SEEDS = 2_500;
    private static final int BEGINNING_MIN = 60;
    /** Chi-square of 18 degrees of freedom exceeds this less than once in 10,000. */
    private static final double LIMIT = 51;

    /** What followed one beginning. */
    private static final class Followers {
        private final Map<Integer, Integer> counts = new HashMap<>();
        private final Map<Integer, Double> probabilities = new HashMap<>();
        private int total;

        private void add(final int token, final TokenLogprob logprob) {
            total++;
            counts.merge(token, 1, Integer::sum);
            final double sum = logprob.top().stream().mapToDouble(likely -> Math.exp(likely.logprob())).sum();
            logprob.top().forEach(likely -> probabilities.put(likely.tokenId(), Math.exp(likely.logprob()) / sum));
        }

        private double chiSquare() {
            double chiSquare = 0;
            for (final Map.Entry<Integer, Double> likely : probabilities.entrySet()) {
                final double expected = likely.getValue() * total;
                final double off = counts.getOrDefault(likely.getKey(), 0) - expected;
                chiSquare += off * off / expected;
            }
            return chiSquare;
        }
    }

    @Test
    void sampledTokensHaveTheModelsProbabilities() {
        final Speculation speculation = new Speculation(4, false, List.of(new SuffixProposer(true)));
        final Map<List<Integer>, Followers> byBeginning = new HashMap<>();
        try (Rig rig = new Rig(Rig.config(32, 32, 4), new NoBlockStore(), speculation, ConstraintSource.NONE)) {
            for (int seed = 0; seed < SEEDS; seed++) {
                final Rig.Recorder recorder = rig.submit(Rig.request("r" + seed, Rig.tokens(6, 4), 4, sampling(seed)));
                rig.runToEnd(recorder);
                byBeginning.computeIfAbsent(new ArrayList<>(recorder.output.subList(0, 2)), any -> new Followers())
                    .add(recorder.output.get(2), recorder.logprobs.get(2));
            }
            final long accepted = rig.engine.counters().speculation().accepted();
            assertThat(accepted).as("guesses were followed").isGreaterThan(SEEDS / 2);
            assertThat(rig.engine.counters().speculation().proposed()).as("and were wrong").isGreaterThan(accepted + SEEDS / 2);
        }
        final List<Followers> common = byBeginning.values().stream().filter(one -> one.total >= BEGINNING_MIN).toList();
        assertThat(common).hasSizeBetween(5, 9).allMatch(one -> one.probabilities.size() == 3);
        assertThat(common.stream().mapToDouble(Followers::chiSquare).sum()).isLessThan(LIMIT);
    }

    private static SamplingParams sampling(final int seed) {
        return new SamplingParams(1f, 3, 1f, 0f, 0f, 0f, 1f, Map.of(), seed, 3);
    }
}
