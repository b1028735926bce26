package io.spillway.gateway.openai;

import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.domain.request.SamplingParams;
import io.spillway.domain.request.SamplingSettings;
import io.spillway.gateway.chat.AskedSampling;
import io.spillway.gateway.json.Fields;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/** Reads the fields that shape sampling, the same for chat and completions. Stateless; any thread. */
public final class SamplingBody {
    private static final double TEMPERATURE_MAX = 2;
    private static final double BIAS_MAX = 100;
    private static final double REPETITION_MAX = 100;
    private static final double REPETITION_MIN = 0.01;
    private static final int STOPS_MAX = 16;
    /** Most choices per prompt. */
    static final int CHOICES_MAX = 16;

    private SamplingBody() {
    }

    /** @param topLogprobs -1 = none wanted */
    public static AskedSampling read(final Fields body, final int topLogprobs) {
        final SamplingSettings said = new SamplingSettings(body.number("temperature", 0, TEMPERATURE_MAX), topK(body),
            body.number("top_p", 0, 1), body.number("min_p", 0, 1), body.number("typical_p", 0, 1),
            body.number("repetition_penalty", REPETITION_MIN, REPETITION_MAX),
            body.integer("repetition_window", 0, SamplingParams.REPETITION_WINDOW_MAX));
        final SamplingParams usual = AskedSampling.USUAL;
        return new AskedSampling(said, new SamplingParams(usual.temperature(), usual.topK(), usual.topP(), usual.minP(),
            (float) body.number("presence_penalty", -2, 2).orElse(0), (float) body.number("frequency_penalty", -2, 2).orElse(0),
            usual.repetitionPenalty(), bias(body), 0, topLogprobs));
    }

    /** -1 means off with other servers; here that is 0. */
    private static OptionalInt topK(final Fields body) {
        final OptionalInt said = body.integer("top_k", -1, Integer.MAX_VALUE);
        return said.isPresent() ? OptionalInt.of(Math.max(0, said.getAsInt())) : said;
    }

    private static Map<Integer, Float> bias(final Fields body) {
        final Map<Integer, Float> bias = new LinkedHashMap<>();
        body.object("logit_bias").ifPresent(object -> object.toMap().keySet().forEach(token ->
            object.number(token, -BIAS_MAX, BIAS_MAX).ifPresent(addend -> bias.put(tokenId(body, token), (float) addend))));
        return bias;
    }

    private static int tokenId(final Fields body, final String text) {
        try {
            return Integer.parseUnsignedInt(text);
        } catch (final NumberFormatException e) {
            throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, body.path("logit_bias"),
                "Invalid 'logit_bias': '" + text + "' is not a token id");
        }
    }

    /** @return stop strings; none empty */
    static List<String> stops(final Fields body) {
        final JsonNode value = body.value("stop").orElse(null);
        if (value == null) {
            return List.of();
        }
        final List<JsonNode> elements = value.isTextual() ? List.of(value) : body.array("stop");
        if (elements.size() > STOPS_MAX) {
            throw SpillwayException.ofField(ErrorCode.ABOVE_MAXIMUM, "stop",
                "Invalid 'stop': expected at most " + STOPS_MAX + " strings, but got " + elements.size() + " instead.");
        }
        final List<String> stops = new ArrayList<>();
        for (final JsonNode element : elements) {
            final String path = "stop[" + stops.size() + "]";
            if (!element.isTextual()) {
                throw Fields.wrongType(path, "a string", element);
            }
            if (element.textValue().isEmpty()) {
                throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, path, "Invalid '" + path + "': empty string.");
            }
            stops.add(element.textValue());
        }
        return stops;
    }

    static int choices(final Fields body) {
        return body.integer("n", 1, CHOICES_MAX).orElse(1);
    }

    /** Outputs to choose from; they cannot be streamed, since the last one may be the best. */
    static int bestOf(final Fields body, final int choices) {
        final int bestOf = body.integer("best_of", 1, CHOICES_MAX).orElse(choices);
        if (bestOf < choices) {
            throw body.invalid("best_of", "it must be at least 'n', which is " + choices + ".");
        }
        if (bestOf > choices && body.flag("stream", false)) {
            throw body.unsupported("best_of", "together with 'stream' it must equal 'n'.");
        }
        return bestOf;
    }

    /** @return higher goes first; 0 is usual */
    public static int priority(final Fields body) {
        return body.integer("priority", -GenerationRequest.PRIORITY_MAX, GenerationRequest.PRIORITY_MAX).orElse(0);
    }
}
