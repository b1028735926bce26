package io.spillway.gateway.openai;

import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.gateway.json.Fields;
import io.spillway.grammar.GrammarSource;
import io.spillway.grammar.schema.Whitespace;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Reads what the text of an answer must look like: {@code response_format}, and what other servers call {@code guided_json},
 * {@code guided_regex}, {@code guided_choice}, {@code guided_grammar} and {@code structured_outputs}. Stateless; any thread.
 */
final class FormatBody {
    private FormatBody() {
    }

    /**
     * @return what the answer's text must look like; empty = anything
     * @throws io.spillway.domain.error.SpillwayException for a format that is malformed, unknown, or asked for twice
     */
    static Optional<GrammarSource> read(final Fields body) {
        final List<GrammarSource> asked = new ArrayList<>();
        body.object("response_format").flatMap(FormatBody::responseFormat).ifPresent(asked::add);
        guided(body, "guided_", asked);
        body.object("structured_outputs").ifPresent(outputs -> guided(outputs, "", asked));
        if (asked.size() > 1) {
            throw body.invalid("response_format", "the output's format is given more than once.");
        }
        return asked.stream().findFirst();
    }

    private static Optional<GrammarSource> responseFormat(final Fields format) {
        final String type = format.requiredText("type");
        return switch (type) {
            case "text" -> Optional.empty();
            case "json_object" -> Optional.of(new GrammarSource.JsonObject(Whitespace.FLEXIBLE));
            case "json_schema" -> Optional.of(schema(format.requiredObject("json_schema")));
            default -> throw format.invalid("type", "'" + type + "' is not one of text, json_object, json_schema.");
        };
    }

    private static GrammarSource schema(final Fields schema) {
        schema.requiredText("name");
        final boolean strict = schema.flag("strict", false);
        final JsonNode document = schema.value("schema").orElse(null);
        if (document == null) {
            return new GrammarSource.JsonObject(Whitespace.FLEXIBLE);
        }
        if (!document.isObject()) {
            throw Fields.wrongType(schema.path("schema"), "a JSON schema object", document);
        }
        return new GrammarSource.JsonSchema(document.toString(), strict, Whitespace.FLEXIBLE);
    }

    private static void guided(final Fields from, final String prefix, final List<GrammarSource> asked) {
        from.value(prefix + "json").ifPresent(value -> asked.add(new GrammarSource.JsonSchema(
            value.isTextual() ? value.textValue() : value.toString(), false, Whitespace.FLEXIBLE)));
        from.text(prefix + "regex").ifPresent(regex -> asked.add(new GrammarSource.Regex(regex)));
        from.text(prefix + "grammar").ifPresent(grammar -> asked.add(new GrammarSource.Gbnf(grammar)));
        final List<String> choices = new ArrayList<>();
        from.array(prefix + "choice").forEach(choice -> choices.add(choice.asText()));
        if (!choices.isEmpty()) {
            asked.add(new GrammarSource.Choice(choices));
        }
    }
}
