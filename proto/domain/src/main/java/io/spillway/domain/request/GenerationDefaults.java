package io.spillway.domain.request;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.util.OptionalInt;

/**
 * What holds for a model's requests that do not say it themselves.
 *
 * @param outputTokensMax most output tokens; empty = to the end of the context
 */
public record GenerationDefaults(SamplingSettings sampling, OptionalInt outputTokensMax) {
    /** Nothing special. */
    public static final GenerationDefaults NONE = new GenerationDefaults(SamplingSettings.UNSAID, OptionalInt.empty());

    /** @throws SpillwayException BELOW_MINIMUM when not even one token may be put out */
    public GenerationDefaults {
        requireNonNull(sampling, "sampling");
        if (outputTokensMax.isPresent() && outputTokensMax.getAsInt() < 1) {
            throw SpillwayException.ofField(ErrorCode.BELOW_MINIMUM, "outputTokensMax",
                "outputTokensMax must be at least 1: " + outputTokensMax.getAsInt());
        }
    }

    /** @return the same, and what {@code weaker} says where these say nothing */
    public GenerationDefaults or(final GenerationDefaults weaker) {
        return new GenerationDefaults(sampling.or(weaker.sampling), outputTokensMax.isPresent() ? outputTokensMax : weaker.outputTokensMax);
    }
}
