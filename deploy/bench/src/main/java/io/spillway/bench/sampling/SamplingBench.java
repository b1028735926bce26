package io.spillway.bench.sampling;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.domain.request.SamplingParams;
import io.spillway.node.sampling.Logprobs;
import io.spillway.node.sampling.Sampler;
import io.spillway.node.sampling.TokenConstraint;
import io.spillway.node.sampling.TokenHistory;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.function.LongUnaryOperator;

/**
 * What the choice of one token costs: {@code ./spillway bench sampling [--vocabulary N] [--json]}. Beside it stands the limit: the row of
 * logits copied once.
 */
public final class SamplingBench {
    private static final int VOCABULARY_DEFAULT = 131_072;
    private static final int WARM_UP_CALLS = 300;
    private static final int CALLS = 201;
    private static final double[] SPREADS = {3.0, 0.5};

    private final int vocabulary;
    private final boolean isJson;
    private final Random random = new Random(1);
    private long sink;

    private SamplingBench(final int vocabulary, final boolean isJson) {
        this.vocabulary = vocabulary;
        this.isJson = isJson;
    }

    /** @param args {@code [--vocabulary N] [--json]} */
    public static void main(final String[] args) {
        int vocabulary = VOCABULARY_DEFAULT;
        boolean isJson = false;
        for (int i = 0; i < args.length; i++) {
            switch (args[i]) {
                case "--json" -> isJson = true;
                case "--vocabulary" -> vocabulary = Integer.parseInt(args[++i]);
                default -> throw new IllegalArgumentException("unknown argument " + args[i]);
            }
        }
        final SamplingBench bench = new SamplingBench(vocabulary, isJson);
        for (final double spread : SPREADS) {
            bench.run(spread);
        }
        new SchedulingBench(isJson).run();
    }

    /** A peaked distribution has a wide spread of logits, a flat one a narrow spread. */
    private void run(final double spread) {
        final float[] logits = new float[vocabulary];
        for (int i = 0; i < vocabulary; i++) {
            logits[i] = (float) (random.nextGaussian() * spread);
        }
        final Sampler sampler = new Sampler(vocabulary);
        final float[] copy = new float[vocabulary];
        time("the limit: the row copied once", spread, call -> {
            System.arraycopy(logits, 0, copy, 0, vocabulary);
            return (long) copy[(int) (call % vocabulary)];
        });
        parameters().forEach((name, params) -> {
            final TokenHistory history = new TokenHistory(params);
            history.addPrompt(random.ints(8000, 0, vocabulary).toArray());
            random.ints(500, 0, vocabulary).forEach(history::addOutput);
            time(name, spread, call -> sampler.sample(logits, 0, params, history, call));
        });
        final long[] mask = new long[TokenConstraint.maskWords(vocabulary)];
        Arrays.fill(mask, -1L);
        mask[mask.length / 2] = 0xFFFF_0000_FFFF_0000L;
        final TokenHistory none = new TokenHistory(SamplingParams.GREEDY);
        time("greedy under a mask", spread, call -> sampler.sample(logits, 0, SamplingParams.GREEDY, none, call, mask));
        time("20 log probabilities", spread, call -> Logprobs.of(logits, 0, vocabulary, 5, 20).tokenId());
    }

    private static Map<String, SamplingParams> parameters() {
        final Map<String, SamplingParams> parameters = new LinkedHashMap<>();
        parameters.put("greedy", SamplingParams.GREEDY);
        parameters.put("temperature", sampled(0, 1f, 0f, 1f));
        parameters.put("top-k 40", sampled(40, 1f, 0f, 1f));
        parameters.put("top-p 0.95", sampled(0, 0.95f, 0f, 1f));
        parameters.put("min-p 0.05", sampled(0, 1f, 0.05f, 1f));
        parameters.put("typical-p 0.9", sampled(0, 1f, 0f, 0.9f));
        parameters.put("top-k 40, top-p 0.95, min-p 0.05", sampled(40, 0.95f, 0.05f, 1f));
        parameters.put("top-k 40 with penalties over 8,500 tokens", new SamplingParams(
            0.8f, 40, 1f, 0f, 1f, 0.5f, 0.5f, 1.1f, 0, Map.of(), 7, -1));
        return parameters;
    }

    private static SamplingParams sampled(final int topK, final float topP, final float minP, final float typicalP) {
        return new SamplingParams(1f, topK, topP, minP, typicalP, 0f, 0f, 1f, 0, Map.of(), 7, -1);
    }

    private void time(final String name, final double spread, final LongUnaryOperator work) {
        for (int call = 0; call < WARM_UP_CALLS; call++) {
            sink += work.applyAsLong(call);
        }
        final long[] nanos = new long[CALLS];
        for (int call = 0; call < CALLS; call++) {
            final long start = System.nanoTime();
            sink += work.applyAsLong(call);
            nanos[call] = System.nanoTime() - start;
        }
        Arrays.sort(nanos);
        print(name, spread, nanos);
    }

    private void print(final String name, final double spread, final long[] nanos) {
        final double median = nanos[CALLS / 2] / 1e3;
        final double p90 = nanos[CALLS * 9 / 10] / 1e3;
        if (!isJson) {
            System.out.printf("%-44s spread %.1f   median %8.1f us   p90 %8.1f us%n", name, spread, median, p90);
            return;
        }
        final ObjectNode row = new ObjectMapper().createObjectNode().put("bench", "sampling").put("name", name);
        row.put("vocabulary", vocabulary).put("spread", spread).put("median_us", median).put("p90_us", p90);
        System.out.println(row.put("check", sink != Long.MIN_VALUE));
    }
}
