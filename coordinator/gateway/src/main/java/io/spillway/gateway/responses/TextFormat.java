package io.spillway.gateway.responses;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.gateway.json.Fields;
import io.spillway.gateway.json.Json;
import io.spillway.grammar.GrammarSource;
import io.spillway.grammar.schema.Whitespace;
import java.util.Optional;
import java.util.Set;

/**
 * What {@code text} says of the answer's text.
 *
 * @param grammar what it must look like; empty = anything
 * @param echo    {@code text} as the response repeats it
 */
record TextFormat(Optional<GrammarSource> grammar, ObjectNode echo) {
    private static final Set<String> VERBOSITIES = Set.of("low", "medium", "high");

    static TextFormat read(final Fields body) {
        final ObjectNode echo = Json.object();
        final Optional<Fields> text = body.object("text");
        final Optional<Fields> format = text.flatMap(fields -> fields.object("format"));
        if (format.isPresent()) {
            echo.set("format", text.get().value("format").orElseThrow());
        } else {
            echo.putObject("format").put("type", "text");
        }
        text.flatMap(fields -> fields.text("verbosity")).ifPresent(verbosity -> {
            if (!VERBOSITIES.contains(verbosity)) {
                throw text.get().invalid("verbosity", "'" + verbosity + "' is not one of low, medium, high.");
            }
            echo.put("verbosity", verbosity);
        });
        return new TextFormat(format.flatMap(TextFormat::grammar), echo);
    }

    private static Optional<GrammarSource> grammar(final Fields format) {
        final String type = format.requiredText("type");
        return switch (type) {
            case "text" -> Optional.empty();
            case "json_object" -> Optional.of(new GrammarSource.JsonObject(Whitespace.FLEXIBLE));
            case "json_schema" -> Optional.of(schema(format));
            default -> throw format.invalid("type", "'" + type + "' is not one of text, json_object, json_schema.");
        };
    }

    private static GrammarSource schema(final Fields format) {
        format.requiredText("name");
        format.text("description");
        final boolean strict = format.flag("strict", false);
        final JsonNode document = format.value("schema").orElseThrow(() -> format.missing("schema"));
        if (!document.isObject()) {
            throw Fields.wrongType(format.path("schema"), "a JSON schema object", document);
        }
        return new GrammarSource.JsonSchema(document.toString(), strict, Whitespace.FLEXIBLE);
    }
}
