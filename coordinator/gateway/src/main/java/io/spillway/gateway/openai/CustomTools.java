package io.spillway.gateway.openai;

import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.gateway.json.Fields;
import io.spillway.gateway.json.Json;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Tools that take a plain text instead of arguments: to the model they are functions of one string. Stateless; any thread. */
final class CustomTools {
    private static final String INPUT = "input";

    private CustomTools() {
    }

    /**
     * @param tool the {@code custom} object of a tool
     * @return a function in its place
     * @throws SpillwayException {@code UNSUPPORTED} for a format in a notation that cannot be kept
     */
    static Map<String, Object> function(final String name, final Fields tool) {
        final Map<String, Object> input = new LinkedHashMap<>();
        input.put("type", "string");
        tool.object("format").ifPresent(format -> format(format, input));
        final Map<String, Object> parameters = new LinkedHashMap<>();
        parameters.put("type", "object");
        parameters.put("properties", Map.of(INPUT, input));
        parameters.put("required", List.of(INPUT));
        parameters.put("additionalProperties", false);
        final Map<String, Object> function = new LinkedHashMap<>();
        function.put("name", name);
        tool.text("description").ifPresent(description -> function.put("description", description));
        function.put("parameters", parameters);
        return function;
    }

    private static void format(final Fields format, final Map<String, Object> input) {
        final String type = format.requiredText("type");
        switch (type) {
            case "text" -> { }
            case "grammar" -> {
                final Fields grammar = format.requiredObject("grammar");
                if (!grammar.requiredText("syntax").equals("regex")) {
                    throw grammar.unsupported("syntax", "only 'regex' can be kept.");
                }
                input.put("pattern", "^(?:" + grammar.requiredText("definition") + ")$");
            }
            default -> throw format.invalid("type", "'" + type + "' is not one of text, grammar.");
        }
    }

    /** @return the arguments of a call with that text */
    static String arguments(final String input) {
        return new String(Json.bytes(Json.object().put(INPUT, input)), StandardCharsets.UTF_8);
    }

    /** @return the text of a call with those arguments; the arguments themselves where the model wrote something else */
    static String input(final String arguments) {
        try {
            final JsonNode input = Json.parse(arguments.getBytes(StandardCharsets.UTF_8)).path(INPUT);
            return input.isTextual() ? input.textValue() : arguments;
        } catch (final SpillwayException e) {
            // An output that was cut, or is no JSON, is passed on as it is: never an error.
            return arguments;
        }
    }
}
