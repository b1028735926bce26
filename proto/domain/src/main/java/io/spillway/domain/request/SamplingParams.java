package io.spillway.domain.request;

import java.util.Map;

/**
 * How logits become a token. Output depends on these, the tokens and nothing else: the random number of output position
 * {@code i} is a function of {@code (seed, i)}.
 *
 * @param temperature       0 = greedy (ties: lowest token id)
 * @param topK              keep the k most likely; 0 = off
 * @param topP              keep the smallest set whose probability reaches this; 1 = off
 * @param minP              drop tokens less likely than this share of the most likely; 0 = off
 * @param presencePenalty   subtracted once from the logit of every token already in the output
 * @param frequencyPenalty  subtracted per occurrence in the output
 * @param repetitionPenalty divides positive and multiplies negative logits of tokens in prompt or output; 1 = off
 * @param logitBias         token id to addend
 * @param topLogprobs       how many alternatives to report per token; -1 = report no logprobs
 */
public record SamplingParams(
    float temperature, int topK, float topP, float minP, float presencePenalty, float frequencyPenalty,
    float repetitionPenalty, Map<Integer, Float> logitBias, long seed, int topLogprobs) {

    /** Greedy, no logprobs. */
    public static final SamplingParams GREEDY = new SamplingParams(0f, 0, 1f, 0f, 0f, 0f, 1f, Map.of(), 0L, -1);
    /** Most alternatives that may be asked for. */
    public static final int TOP_LOGPROBS_MAX = 20;

    public SamplingParams {
        logitBias = Map.copyOf(logitBias);
        range("temperature", temperature, 0f, 100f);
        range("topP", topP, 0f, 1f);
        range("minP", minP, 0f, 1f);
        range("presencePenalty", presencePenalty, -2f, 2f);
        range("frequencyPenalty", frequencyPenalty, -2f, 2f);
        range("repetitionPenalty", repetitionPenalty, Float.MIN_VALUE, 100f);
        range("topK", topK, 0, Integer.MAX_VALUE);
        range("topLogprobs", topLogprobs, -1, TOP_LOGPROBS_MAX);
    }

    private static void range(final String name, final double value, final double min, final double max) {
        if (!(value >= min && value <= max)) {
            throw new IllegalArgumentException(name + " must be between " + min + " and " + max + ": " + value);
        }
    }

    public boolean greedy() {
        return temperature == 0f;
    }

    public boolean wantsLogprobs() {
        return topLogprobs >= 0;
    }

    public SamplingParams withSeed(final long newSeed) {
        return new SamplingParams(temperature, topK, topP, minP, presencePenalty, frequencyPenalty, repetitionPenalty,
            logitBias, newSeed, topLogprobs);
    }
}
