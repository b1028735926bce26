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
        assertThat(token).isEqualTo(NaiveSampler.sample(logits, params, prompt, output));
    }

    /** Large enough for many buckets, many members of one and several divisions; whole numbers for ties. */
    @Property(tries = 60)
    void choosesWhatTheSpecificationChoosesOfALargeVocabulary(@ForAll final long seed) {
        final Random random = new Random(seed);
        final float[] logits = new float[3000 + random.nextInt(500)];
        final float spread = new float[] {0f, 0.05f, 1f, 6f}[random.nextInt(4)];
        for (int i = 0; i < logits.length; i++) {
            final float logit = (float) random.nextGaussian() * spread;
            logits[i] = random.nextInt(5) == 0 ? Math.round(logit) : logit;
        }
        final SamplingParams few = params(random, logits.length);
        final SamplingParams params = new SamplingParams(0.2f + random.nextFloat(),
            random.nextInt(3) == 0 ? 1 + random.nextInt(2000) : 0, few.topP(), few.minP() * 0.1f, few.typicalP(), 0f, 0f,
            1f, 0, Map.of(), random.nextLong(), -1);
        final int token = new Sampler(logits.length).sample(logits, 0, params, new TokenHistory(params), 0);
        assertThat(token).isEqualTo(NaiveSampler.sample(logits, params, new int[0], new int[0]));
    }

    /** A mask is the same as logits of −∞. */
    @Property(tries = 500)
    void aMaskForbids(@ForAll final long seed) {
        final Random random = new Random(seed);
        final float[] logits = new float[1 + random.nextInt(300)];
        final float[] forbidden = new float[logits.length];
        final long[] mask = new long[TokenConstraint.maskWords(logits.length)];
        final int kind = random.nextInt(4);
        for (int i = 0; i < logits.length; i++) {
            logits[i] = Math.round(random.nextGaussian() * 4);
            final boolean isAllowed = kind == 0 || (kind == 1 ? random.nextInt(40) == 0 : random.nextInt(20) > 0);
            mask[i >> 6] |= isAllowed ? 1L << i : 0;
        }
        final int surely = random.nextInt(logits.length);
        mask[surely >> 6] |= 1L << surely;
        for (int i = 0; i < logits.length; i++) {
            forbidden[i] = TokenConstraint.allows(mask, i) ? logits[i] : Float.NEGATIVE_INFINITY;
        }
        final SamplingParams params = params(random, logits.length);
        final TokenHistory history = history(params, new int[] {0}, new int[] {0, surely});
        final Sampler sampler = new Sampler(logits.length);
        final int token = sampler.sample(logits, 0, params, history, 2, mask);
        assertThat(TokenConstraint.allows(mask, token)).isTrue();
        assertThat(token).isEqualTo(sampler.sample(forbidden, 0, params, history, 2));
    }

    @Test
    void whatTheMaskForbidsMayBeAnything() {
        final float[] logits = {Float.NaN, 1f, 2f, INFINITY};
        for (final float temperature : new float[] {0f, 1f}) {
            final SamplingParams params = withTemperature(temperature, 3);
            final int token = new Sampler(4).sample(logits, 0, params, new TokenHistory(params), 0, new long[] {0b0110});
            assertThat(token).isBetween(1, 2);
            assertThatThrownBy(() -> new Sampler(4).sample(logits, 0, params, new TokenHistory(params), 0, new long[] {0}))
                .isInstanceOf(SpillwayException.class);
        }
    }

    @Test
    void typicalDropsTheAllTooLikely() {
        // One token of 0.6 and forty of 0.01: the entropy is 2.15, the likely one's surprise 0.51, the others' 4.6.
        final float[] logits = new float[41];
        java.util.Arrays.fill(logits, (float) Math.log(0.01));
        logits[7] = (float) Math.log(0.6);
        final SamplingParams params = withTemperature(1f, 1).withTypicalP(0.5f, 0);
        assertThat(new Sampler(41).sample(logits, 0, params, new TokenHistory(params), 0)).isEqualTo(7);
        // Three of 0.2, four of 0.1: surprises 1.61 and 2.30, the entropy 1.89. Those of 0.2 are nearer.
        final float[] flat = {0.1f, 0.2f, 0.1f, 0.2f, 0.1f, 0.2f, 0.1f};
        for (int i = 0; i < flat.length; i++) {
            flat[i] = (float) Math.log(flat[i]);
        }
        for (int seed = 0; seed < 50; seed++) {
            final SamplingParams half = withTemperature(1f, seed).withTypicalP(0.55f, 0);
            assertThat(new Sampler(7).sample(flat, 0, half, new TokenHistory(half), 0) % 2).isOne();
        }
    }

    @Test
    void theWindowOfTheRepetitionPenaltyForgets() {
        final SamplingParams params = new SamplingParams(0f, 0, 1f, 0f, 0f, 0f, 2f, Map.of(), 0, -1);
        final float[] logits = {1f, 3f, 2.5f};
        final int[] prompt = {1, 0, 0, 0};
        assertThat(new Sampler(3).sample(logits, 0, params, history(params, prompt, new int[] {0}), 1))
            .as("all tokens count").isEqualTo(2);
        final SamplingParams windowed = params.withTypicalP(1f, 3);
        assertThat(new Sampler(3).sample(logits, 0, windowed, history(windowed, prompt, new int[] {0}), 1))
            .as("the last three count").isEqualTo(1);
    }

    @Test
    void weightsAreExponentials() {
        assertThat(Softmax.exp(0)).isEqualTo(1);
        assertThat(Softmax.exp(-0.0)).isEqualTo(1);
        assertThat(Softmax.exp(Double.NEGATIVE_INFINITY)).isZero();
        assertThat(Softmax.exp(-63.9)).isZero();
        for (double x = 0; x > -63; x -= 0.0137) {
            assertThat(Softmax.exp(x)).isCloseTo(StrictMath.exp(x), within(StrictMath.exp(x) * 2e-11 + 3e-28));
        }
    }

    @Test
    void samplingAllocatesNothing() {
        final var threads = (com.sun.management.ThreadMXBean) java.lang.management.ManagementFactory.getThreadMXBean();
        final float[] logits = new Random(1).doubles(1000).collect(() -> new float[1000],
            (row, value) -> row[(int) (value * 1000)] += (float) value, (a, b) -> { });
        final SamplingParams params = new SamplingParams(
            0.8f, 50, 0.9f, 0.01f, 0.9f, 0f, 0f, 1f, 0, Map.of(), 5, -1);
        final Sampler sampler = new Sampler(1000);
        final TokenHistory history = new TokenHistory(params);
        final long[] mask = new long[TokenConstraint.maskWords(1000)];
        java.util.Arrays.fill(mask, 0xFFFF_FFFFL);
        sampler.sample(logits, 0, params, history, 0, mask);
        final long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < 500; i++) {
            sampler.sample(logits, 0, params, history, i, mask);
        }
        // The random number's counters, until the compiler has taken them apart.
        assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(500 * 100);
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
            random.nextInt(3) == 0 ? random.nextFloat() : 1f,
            random.nextInt(3) == 0 ? random.nextFloat() : 0f, random.nextInt(3) == 0 ? random.nextFloat() : 0f,
            random.nextInt(3) == 0 ? 0.5f + random.nextFloat() : 1f, random.nextInt(2) * random.nextInt(8), bias,
            random.nextLong(), -1);
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
