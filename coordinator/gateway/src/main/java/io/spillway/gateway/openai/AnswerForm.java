package io.spillway.gateway.openai;

import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.domain.id.ModelId;
import io.spillway.gateway.json.Fields;
import java.util.Optional;

/**
 * How the client wants its answer.
 *
 * @param includeUsage whether a stream ends with a chunk of usage
 * @param metadata     what to echo
 * @param serviceTier  whether the client named one; it gets {@code default}
 * @param prefix       what was done to the head of the prompt, so that others share it; "" = nothing
 */
record AnswerForm(
    ModelId model, boolean stream, boolean includeUsage, boolean logprobs, Optional<JsonNode> metadata, boolean serviceTier,
    String prefix) {

    static AnswerForm read(final Fields body, final ModelId model, final boolean logprobs) {
        final boolean stream = body.flag("stream", false);
        final Optional<Fields> options = body.object("stream_options");
        if (options.isPresent() && !stream) {
            throw body.invalid("stream_options", "it is only allowed when 'stream' is true.");
        }
        checkAccepted(body);
        return new AnswerForm(model, stream, options.map(fields -> fields.flag("include_usage", false)).orElse(false),
            logprobs, metadata(body), body.has("service_tier"), "");
    }

    /** @return the same, where that was done to the head of the prompt */
    AnswerForm withPrefix(final String what) {
        return new AnswerForm(model, stream, includeUsage, logprobs, metadata, serviceTier, what);
    }

    /** Fields that are taken, and ignored or used elsewhere: their types are checked all the same. */
    private static void checkAccepted(final Fields body) {
        body.text("user");
        body.text("safety_identifier");
        body.text("prompt_cache_key");
        body.text("service_tier");
        body.flag("store", false);
    }

    private static Optional<JsonNode> metadata(final Fields body) {
        return body.object("metadata").flatMap(metadata -> {
            metadata.toMap().keySet().forEach(metadata::text);
            return body.value("metadata");
        });
    }
}
