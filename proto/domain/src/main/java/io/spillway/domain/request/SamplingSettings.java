package io.spillway.domain.request;

import static java.util.Objects.requireNonNull;

import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * How tokens are to be chosen, as far as somebody says it: a request, an operator, a model's makers. Components as in
 * {@link SamplingParams}; empty = not said.
 */
public record SamplingSettings(
    OptionalDouble temperature, OptionalInt topK, OptionalDouble topP, OptionalDouble minP, OptionalDouble typicalP,
    OptionalDouble repetitionPenalty, OptionalInt repetitionWindowTokens) {
    /** Nothing is said. */
    public static final SamplingSettings UNSAID = new SamplingSettings(OptionalDouble.empty(), OptionalInt.empty(), OptionalDouble.empty(),
        OptionalDouble.empty(), OptionalDouble.empty(), OptionalDouble.empty(), OptionalInt.empty());

    /** @throws io.spillway.domain.error.SpillwayException BELOW_MINIMUM, ABOVE_MAXIMUM or INVALID_VALUE, naming the parameter */
    public SamplingSettings {
        requireNonNull(temperature, "temperature");
        requireNonNull(topK, "topK");
        requireNonNull(topP, "topP");
        requireNonNull(minP, "minP");
        requireNonNull(typicalP, "typicalP");
        requireNonNull(repetitionPenalty, "repetitionPenalty");
        requireNonNull(repetitionWindowTokens, "repetitionWindowTokens");
        new SamplingParams(real(temperature, 1), topK.orElse(0), real(topP, 1), real(minP, 0), real(typicalP, 1), 0, 0,
            real(repetitionPenalty, 1), repetitionWindowTokens.orElse(0), SamplingParams.GREEDY.logitBias(), 0, -1);
    }

    /** @return settings that say everything that {@code params} does */
    public static SamplingSettings of(final SamplingParams params) {
        return new SamplingSettings(OptionalDouble.of(params.temperature()), OptionalInt.of(params.topK()), OptionalDouble.of(params.topP()),
            OptionalDouble.of(params.minP()), OptionalDouble.of(params.typicalP()), OptionalDouble.of(params.repetitionPenalty()),
            OptionalInt.of(params.repetitionWindowTokens()));
    }

    /** @return the same, and what {@code weaker} says where these say nothing */
    public SamplingSettings or(final SamplingSettings weaker) {
        return new SamplingSettings(or(temperature, weaker.temperature), or(topK, weaker.topK), or(topP, weaker.topP), or(minP, weaker.minP),
            or(typicalP, weaker.typicalP), or(repetitionPenalty, weaker.repetitionPenalty),
            or(repetitionWindowTokens, weaker.repetitionWindowTokens));
    }

    private static OptionalDouble or(final OptionalDouble said, final OptionalDouble weaker) {
        return said.isPresent() ? said : weaker;
    }

    private static OptionalInt or(final OptionalInt said, final OptionalInt weaker) {
        return said.isPresent() ? said : weaker;
    }

    /** @return {@code params} with what is said put in */
    public SamplingParams over(final SamplingParams params) {
        return new SamplingParams(real(temperature, params.temperature()), topK.orElse(params.topK()), real(topP, params.topP()),
            real(minP, params.minP()), real(typicalP, params.typicalP()), params.presencePenalty(), params.frequencyPenalty(),
            real(repetitionPenalty, params.repetitionPenalty()), repetitionWindowTokens.orElse(params.repetitionWindowTokens()),
            params.logitBias(), params.seed(), params.topLogprobs());
    }

    private static float real(final OptionalDouble said, final float unsaid) {
        return (float) said.orElse(unsaid);
    }
}
