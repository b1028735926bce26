package io.spillway.gateway.chat;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.request.SamplingParams;
import io.spillway.domain.request.SamplingSettings;
import java.util.Map;

/**
 * How a client wants its tokens chosen. What it does not say is the model's to say, so that is kept apart until the model is known.
 * Immutable.
 *
 * @param said             what the client says of that which models have defaults for
 * @param rest             what there are no defaults for: penalties, bias, probabilities. Its other values hold where neither the client
 *                         nor the model says any; its seed is ignored
 * @param temperatureLeast the temperature is raised to this, whoever said it; 0 = it stays
 */
public record AskedSampling(SamplingSettings said, SamplingParams rest, float temperatureLeast) {
    /** What holds when nobody says anything. */
    public static final SamplingParams USUAL = new SamplingParams(1f, 0, 1f, 0f, 0f, 0f, 1f, Map.of(), 0, -1);

    public AskedSampling {
        requireNonNull(said, "said");
        requireNonNull(rest, "rest");
    }

    /** As the client says, and else as the model does. */
    public AskedSampling(final SamplingSettings said, final SamplingParams rest) {
        this(said, rest, 0f);
    }

    /** @return exactly this, whatever the model's defaults are */
    public static AskedSampling of(final SamplingParams params) {
        return new AskedSampling(SamplingSettings.of(params), params);
    }

    /** @return the same at no lower a temperature */
    public AskedSampling atLeast(final float temperature) {
        return new AskedSampling(said, rest, temperature);
    }

    /** @return whether log probabilities are wanted */
    public boolean wantsLogprobs() {
        return rest.wantsLogprobs();
    }

    /** @return additions to logits, by token */
    public Map<Integer, Float> logitBias() {
        return rest.logitBias();
    }

    /** @return what tokens are chosen by, for a model with those defaults */
    public SamplingParams under(final SamplingSettings defaults) {
        final SamplingParams settled = said.or(defaults).over(rest);
        return settled.temperature() >= temperatureLeast ? settled : settled.withTemperature(temperatureLeast);
    }
}
