package io.spillway.node.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.request.SamplingParams;
import io.spillway.node.compute.Tensor;
import io.spillway.node.sampling.Sampler;
import io.spillway.node.sampling.TokenHistory;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.BeforeContainer;

/** Choices on the device against the sampler's: the same token, ties, failures and all. */
class SampleTwinTest {
    private static Shim shim;

    @BeforeContainer
    static void load() {
        shim = Shim.load();
    }

    @Property(tries = 400)
    void largest(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 4) final int rows, @ForAll @IntRange(min = 1, max = 1500) final int vocabulary) {
        final Random random = new Random(seed);
        final Tensor logits = logits(random, rows, vocabulary);
        final int[] expected = new int[rows];
        for (int r = 0; r < rows; r++) {
            expected[r] = choose(logits, r, SamplingParams.GREEDY, 0);
        }
        assertThat(tokens(device -> {
            final MemorySegment out = device.memory().bytes(4L * rows);
            device.run(new SamplingCall.Argmax(device.address(logits.values()), out.address(), rows, vocabulary));
            return out;
        })).isEqualTo(expected);
    }

    @Property(tries = 400)
    void draws(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 3) final int rows, @ForAll @IntRange(min = 2, max = 1500) final int vocabulary) {
        final Random random = new Random(seed);
        final Tensor logits = logits(random, rows, vocabulary);
        final float[] temperatures = new float[rows];
        final int[] topKs = new int[rows];
        final long[] seeds = random.longs(rows).toArray();
        final long[] positions = random.longs(rows, 0, random.nextBoolean() ? 100 : Long.MAX_VALUE).toArray();
        final int[] expected = new int[rows];
        for (int r = 0; r < rows; r++) {
            temperatures[r] = random.nextInt(4) == 0 ? 0.01f : 0.2f + 1.5f * random.nextFloat();
            topKs[r] = 1 + random.nextInt(Math.min(vocabulary - 1, random.nextBoolean() ? 20 : SamplingCall.DrawTopK.TOP_K_MAX));
            expected[r] = choose(logits, r, new SamplingParams(temperatures[r], topKs[r], 1f, 0f, 0f, 0f, 1f, Map.of(), seeds[r], -1), positions[r]);
        }
        assertThat(tokens(device -> {
            final MemorySegment out = device.memory().bytes(4L * rows);
            device.run(new SamplingCall.DrawTopK(device.address(logits.values()), device.address(temperatures), device.address(topKs),
                    device.address(seeds), device.address(positions), out.address(), rows, vocabulary));
            return out;
        })).isEqualTo(expected);
    }

    /** Ties, zeros of both signs, forbidden tokens; now and then a row that nobody can choose from. */
    private static Tensor logits(final Random random, final int rows, final int vocabulary) {
        final Tensor logits = Numbers.tensor(random, rows, vocabulary, random.nextBoolean() ? 1 : 8);
        final boolean hasTies = random.nextBoolean();
        for (int i = 0; i < logits.values().length; i++) {
            logits.values()[i] = hasTies ? Math.round(logits.values()[i]) * (random.nextBoolean() ? 1f : -1f) : logits.values()[i];
            if (random.nextInt(5) == 0) {
                logits.values()[i] = Float.NEGATIVE_INFINITY;
            }
        }
        if (random.nextInt(6) == 0) {
            logits.values()[random.nextInt(logits.values().length)] = random.nextBoolean() ? Float.NaN : Float.POSITIVE_INFINITY;
        }
        return logits;
    }

    private static int choose(final Tensor logits, final int row, final SamplingParams params, final long position) {
        try {
            return new Sampler(logits.width()).sample(logits.values(), row * logits.width(), params, new TokenHistory(params), position);
        } catch (final SpillwayException e) {
            return SamplingCall.NO_TOKEN; // the model's failure
        }
    }

    private static int[] tokens(final Function<Twins.Device, MemorySegment> work) {
        return MemorySegment.ofArray(Twins.run(shim, work)).toArray(java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED);
    }
}
