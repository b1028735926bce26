package io.spillway.gateway.openai;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * Reads {@code response_format}. Nothing can hold a model to JSON yet, so both JSON formats are refused rather than promised:
 * an agent that parses the answer must not find out one time in ten. Stateless; any thread.
 */
final class FormatBody {
    private FormatBody() {
    }

    /** @throws io.spillway.domain.error.SpillwayException for anything but text */
    static void check(final Fields body) {
        final Fields format = body.object("response_format").orElse(null);
        if (format == null) {
            return;
        }
        final String type = format.requiredText("type");
        switch (type) {
            case "text" -> { }
            case "json_object" -> throw format.unsupported("type", "'json_object' is not enforced by this server yet.");
            case "json_schema" -> {
                checkSchema(format.requiredObject("json_schema"));
                throw format.unsupported("type", "'json_schema' is not enforced by this server yet.");
            }
            default -> throw format.invalid("type", "'" + type + "' is not one of text, json_object, json_schema.");
        }
    }

    private static void checkSchema(final Fields schema) {
        schema.requiredText("name");
        schema.flag("strict", false);
        final JsonNode document = schema.value("schema").orElse(null);
        if (document != null && !document.isObject()) {
            throw Fields.wrongType(schema.path("schema"), "a JSON schema object", document);
        }
    }
}
