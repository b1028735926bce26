package io.spillway.gateway.openai;

import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.gateway.json.Fields;

/** Reads {@code prediction}: what the caller believes that the answer will say. Stateless; any thread. */
final class PredictionBody {
    private PredictionBody() {
    }

    /** @return its text; "" = nothing is predicted */
    static String read(final Fields body) {
        return body.object("prediction").map(PredictionBody::text).orElse("");
    }

    private static String text(final Fields prediction) {
        final String type = prediction.requiredText("type");
        if (!type.equals("content")) {
            throw prediction.invalid("type", "'" + type + "' is not 'content'.");
        }
        final JsonNode content = prediction.value("content").orElseThrow(() -> prediction.missing("content"));
        if (content.isTextual()) {
            return content.textValue();
        }
        if (!content.isArray()) {
            throw Fields.wrongType(prediction.path("content"), "a string or an array of parts", content);
        }
        final StringBuilder text = new StringBuilder();
        for (final Fields part : prediction.objects("content")) {
            if (!part.requiredText("type").equals("text")) {
                throw part.invalid("type", "only parts of type text can be predicted.");
            }
            text.append(part.requiredText("text"));
        }
        return text.toString();
    }
}
