package io.spillway.node.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.request.SamplingParams;
import io.spillway.domain.request.TokenLogprob;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SamplerTest {
    private static final float INFINITY = Float.POSITIVE_INFINITY;

    @Property(tries = 1000)
    void choosesWhatTheSpecificationChooses(@ForAll final long seed) {
        final Random random = new Random(seed);
        final float[] logits = logits(random);
        final SamplingParams params = params(random, logits.length);
        final int[] prompt = random.ints(random.nextInt(6), 0, logits.length).toArray();
        final int[] output = random.ints(random.nextInt(9), 0, logits.length).toArray();
        final int from = random.nextInt(3);
        final float[] row = new float[from + logits.length + 2];
        System.arraycopy(logits, 0, row, from, logits.length);
        final int token =
            new Sampler(logits.length).sample(row, from, params, history(params, prompt, output), output.length);
        assertThat(token).isEqualTo(NaiveSampler.sample(logits, params, prompt, output, output.length));
    }

    private static float[] logits(final Random random) {
        final float[] logits = new float[1 + random.nextInt(40)];
        final float spread = new float[] {0f, 1f, 5f, 40f, 500f}[random.nextInt(5)];
        for (int i = 0; i < logits.length; i++) {
            // Whole numbers now and then, for ties; both zeros among them.
            final float logit = (float) random.nextGaussian() * spread;
            logits[i] = random.nextInt(3) == 0 ? Math.round(logit) * (random.nextBoolean() ? 1f : -0f) : logit;
        }
        for (int i = 1; i < logits.length; i++) {
            logits[i] = random.nextInt(12) == 0 ? Float.NEGATIVE_INFINITY : logits[i];
        }
        return logits;
    }

    private static SamplingParams params(final Random random, final int vocabulary) {
        final Map<Integer, Float> bias =
            random.nextInt(3) == 0 ? Map.of(random.nextInt(vocabulary), random.nextFloat() * 20 - 10) : Map.of();
        return new SamplingParams(
            new float[] {0f, 0.3f, 1f, 2f}[random.nextInt(4)], random.nextInt(3) == 0 ? 1 + random.nextInt(10) : 0,
            random.nextInt(2) == 0 ? random.nextFloat() : 1f, random.nextInt(3) == 0 ? random.nextFloat() : 0f,
            random.nextInt(3) == 0 ? random.nextFloat() : 0f, random.nextInt(3) == 0 ? random.nextFloat() : 0f,
            random.nextInt(3) == 0 ? 0.5f + random.nextFloat() : 1f, bias, random.nextLong(), -1);
    }

    private static TokenHistory history(final SamplingParams params, final int[] prompt, final int[] output) {
        final TokenHistory history = new TokenHistory(params);
        history.addPrompt(prompt);
        for (final int token : output) {
            history.addOutput(token);
        }
        return history;
    }

    @Test
    void greedyTakesTheLowestOfEqualsAndOneZero() {
        assertThat(sample(SamplingParams.GREEDY, 1f, 3f, 3f)).isEqualTo(1);
        assertThat(sample(SamplingParams.GREEDY, -0f, 0f)).isZero();
        assertThat(sample(SamplingParams.GREEDY, -1f, -0f, 0f)).isEqualTo(1);
        assertThat(sample(SamplingParams.GREEDY, Float.NEGATIVE_INFINITY, -3f)).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(floats = {0f, 1f})
    void logitsThatAreNoNumbersAreTheModelsFailure(final float temperature) {
        final SamplingParams params = withTemperature(temperature, 0);
        for (final float[] logits : new float[][] {
            {1f, Float.NaN}, {INFINITY, 1f}, {Float.NEGATIVE_INFINITY, Float.NEGATIVE_INFINITY}}) {
            assertThatThrownBy(() -> sample(params, logits)).isInstanceOfSatisfying(SpillwayException.class,
                e -> assertThat(e.code()).isEqualTo(ErrorCode.INTERNAL));
        }
    }

    @Test
    void extremeParametersNeverMakeANaN() {
        final SamplingParams params = new SamplingParams(1f, 0, 1f, 0f, 0f, 0f, Float.MIN_VALUE,
            Map.of(0, Float.MAX_VALUE), 1L, -1);
        final TokenHistory history = history(params, new int[] {0, 1}, new int[] {1});
        assertThat(new Sampler(3).sample(new float[] {Float.MAX_VALUE, 2f, 1f}, 0, params, history, 0)).isBetween(0, 1);
    }

    @Test
    void theGreedyPathAllocatesNothing() {
        final var threads = (com.sun.management.ThreadMXBean) java.lang.management.ManagementFactory.getThreadMXBean();
        final float[] logits = new float[1000];
        logits[500] = 1f;
        final Sampler sampler = new Sampler(1000);
        final TokenHistory history = new TokenHistory(SamplingParams.GREEDY);
        threads.getCurrentThreadAllocatedBytes();
        final long before = threads.getCurrentThreadAllocatedBytes();
        int sum = 0;
        for (int i = 0; i < 1000; i++) {
            sum += sampler.sample(logits, 0, SamplingParams.GREEDY, history, i);
        }
        assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(1000);
        assertThat(sum).isEqualTo(500_000);
    }

    /** 20,000 seeds, four tokens with known odds. */
    @Test
    void drawsAreDistributedAsTheSoftmaxSays() {
        final double[] odds = {0.1, 0.2, 0.3, 0.4};
        final float[] logits = new float[4];
        for (int i = 0; i < 4; i++) {
            logits[i] = (float) (Math.log(odds[i]) * 0.7);
        }
        final int draws = 20_000;
        final int[] counts = new int[4];
        final Sampler sampler = new Sampler(4);
        for (int seed = 0; seed < draws; seed++) {
            final SamplingParams params = withTemperature(0.7f, seed);
            counts[sampler.sample(logits, 0, params, new TokenHistory(params), 3)]++;
        }
        double chiSquare = 0;
        for (int i = 0; i < 4; i++) {
            final double expected = draws * odds[i];
            chiSquare += (counts[i] - expected) * (counts[i] - expected) / expected;
        }
        assertThat(chiSquare).isLessThan(16.27); // 3 degrees of freedom, 0.1 %
    }

    @Test
    void logprobsAreOfTheRawLogits() {
        final float[] row = {9f, 0f, 2f, 2f, Float.NEGATIVE_INFINITY};
        final TokenLogprob logprob = Logprobs.of(row, 1, 4, 0, 10);
        final double total = Math.log(1 + 2 * Math.exp(2));
        assertThat((double) logprob.logprob()).isCloseTo(-total, within(1e-6));
        assertThat(logprob.top()).extracting(TokenLogprob.Alternative::tokenId).containsExactly(1, 2, 0);
        assertThat((double) logprob.top().getFirst().logprob()).isCloseTo(2 - total, within(1e-6));
        assertThat(Logprobs.of(row, 1, 4, 2, 0).top()).isEmpty();
        assertThat(Logprobs.of(row, 0, 5, 2, 1).top()).extracting(TokenLogprob.Alternative::tokenId).containsExactly(0);
    }

    private static SamplingParams withTemperature(final float temperature, final long seed) {
        return new SamplingParams(temperature, 0, 1f, 0f, 0f, 0f, 1f, Map.of(), seed, -1);
    }

    private static int sample(final SamplingParams params, final float... logits) {
        return new Sampler(logits.length).sample(logits, 0, params, new TokenHistory(params), 0);
    }
}
