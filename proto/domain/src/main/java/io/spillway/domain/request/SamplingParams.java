package io.spillway.domain.request;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.util.Map;

/**
 * How logits become a token. Output depends on these, the tokens and nothing else: the random number of output position
 * {@code i} is a function of {@code (seed, i)}.
 *
 * @param temperature            0 = greedy (ties: lowest token id)
 * @param topK                   keep the k most likely; 0 = off
 * @param topP                   keep the smallest set whose probability reaches this; 1 = off
 * @param minP                   drop tokens less likely than this share of the most likely; 0 = off
 * @param typicalP               keep the tokens whose surprise is nearest to the expected one, until their probability
 *                               reaches this; 1 = off
 * @param presencePenalty        subtracted once from the logit of every token already in the output
 * @param frequencyPenalty       subtracted per occurrence in the output
 * @param repetitionPenalty      divides positive and multiplies negative logits of tokens in prompt or output; 1 = off
 * @param repetitionWindowTokens how many of the last tokens of prompt and output the repetition penalty looks at; 0 = all
 * @param logitBias              token id to addend
 * @param topLogprobs            how many alternatives to report per token; -1 = report no logprobs
 */
public record SamplingParams(
    float temperature, int topK, float topP, float minP, float typicalP, float presencePenalty, float frequencyPenalty,
    float repetitionPenalty, int repetitionWindowTokens, Map<Integer, Float> logitBias, long seed, int topLogprobs) {

    /** Greedy, no logprobs. */
    public static final SamplingParams GREEDY = new SamplingParams(0f, 0, 1f, 0f, 0f, 0f, 1f, Map.of(), 0L, -1);
    /** Most alternatives that may be asked for. */
    public static final int TOP_LOGPROBS_MAX = 20;
    /** Largest window of the repetition penalty. */
    public static final int REPETITION_WINDOW_MAX = 65_536;

    /** @throws SpillwayException BELOW_MINIMUM, ABOVE_MAXIMUM or INVALID_VALUE (not a number), naming the parameter */
    public SamplingParams {
        logitBias = Map.copyOf(logitBias);
        range("temperature", temperature, 0f, 100f);
        range("topP", topP, 0f, 1f);
        range("minP", minP, 0f, 1f);
        range("typicalP", typicalP, 0f, 1f);
        range("presencePenalty", presencePenalty, -2f, 2f);
        range("frequencyPenalty", frequencyPenalty, -2f, 2f);
        range("repetitionPenalty", repetitionPenalty, Float.MIN_VALUE, 100f);
        range("repetitionWindowTokens", repetitionWindowTokens, 0, REPETITION_WINDOW_MAX);
        range("topK", topK, 0, Integer.MAX_VALUE);
        range("topLogprobs", topLogprobs, -1, TOP_LOGPROBS_MAX);
    }

    /** Without typical-p, and with a repetition penalty over all tokens. */
    public SamplingParams(
        final float temperature, final int topK, final float topP, final float minP, final float presencePenalty,
        final float frequencyPenalty, final float repetitionPenalty, final Map<Integer, Float> logitBias,
        final long seed, final int topLogprobs) {
        this(temperature, topK, topP, minP, 1f, presencePenalty, frequencyPenalty, repetitionPenalty, 0, logitBias, seed,
            topLogprobs);
    }

    private static void range(final String name, final double value, final double min, final double max) {
        if (value >= min && value <= max) {
            return;
        }
        final ErrorCode code = value < min ? ErrorCode.BELOW_MINIMUM
            : value > max ? ErrorCode.ABOVE_MAXIMUM : ErrorCode.INVALID_VALUE;
        throw SpillwayException.ofField(code, name, name + " must be between " + min + " and " + max + ": " + value);
    }

    /** @return whether the likeliest token is taken, and no random number is used */
    public boolean greedy() {
        return temperature == 0f;
    }

    /** @return whether log probabilities are reported */
    public boolean wantsLogprobs() {
        return topLogprobs >= 0;
    }

    /** @return the same with another seed */
    public SamplingParams withSeed(final long newSeed) {
        return new SamplingParams(temperature, topK, topP, minP, typicalP, presencePenalty, frequencyPenalty,
            repetitionPenalty, repetitionWindowTokens, logitBias, newSeed, topLogprobs);
    }

    /** @return the same at another temperature */
    public SamplingParams withTemperature(final float newTemperature) {
        return new SamplingParams(newTemperature, topK, topP, minP, typicalP, presencePenalty, frequencyPenalty,
            repetitionPenalty, repetitionWindowTokens, logitBias, seed, topLogprobs);
    }

    /** @return the same for answer {@code choice} (from 0) of several to one prompt: its seed is {@code seed + choice} */
    public SamplingParams forChoice(final int choice) {
        return withSeed(seed + choice);
    }

    /** @return the same with that many alternatives reported; -1 = no logprobs */
    public SamplingParams withTopLogprobs(final int newTopLogprobs) {
        return new SamplingParams(temperature, topK, topP, minP, typicalP, presencePenalty, frequencyPenalty,
            repetitionPenalty, repetitionWindowTokens, logitBias, seed, newTopLogprobs);
    }

    /** @return the same with other values of the two parameters that few requests have */
    public SamplingParams withTypicalP(final float newTypicalP, final int newRepetitionWindowTokens) {
        return new SamplingParams(temperature, topK, topP, minP, newTypicalP, presencePenalty, frequencyPenalty,
            repetitionPenalty, newRepetitionWindowTokens, logitBias, seed, topLogprobs);
    }
}
