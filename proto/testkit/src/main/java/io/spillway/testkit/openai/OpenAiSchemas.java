package io.spillway.testkit.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import com.networknt.schema.ValidationMessage;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Holds answers and stream events against the schemas that OpenAI publishes (document version 2.3.0). Any thread. A schema is
 * compiled when it is first asked for and kept.
 */
public final class OpenAiSchemas {
    private static final String DEFINITIONS = "$defs";
    private static final ObjectNode DOCUMENT = load();
    private static final Map<String, String> EVENT_SCHEMAS = eventSchemas();
    private static final Map<String, JsonSchema> COMPILED = new ConcurrentHashMap<>();

    private OpenAiSchemas() {
    }

    private static ObjectNode load() {
        try (InputStream file = OpenAiSchemas.class.getResourceAsStream("schemas.json")) {
            final ObjectNode document = (ObjectNode) new ObjectMapper().readTree(file);
            document.remove("$id");
            return document;
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** @return schema name by the {@code type} that its events bear */
    private static Map<String, String> eventSchemas() {
        final Map<String, String> names = new HashMap<>();
        for (final JsonNode alternative : DOCUMENT.at("/$defs/ResponseStreamEvent/anyOf")) {
            final String reference = alternative.get("$ref").asText();
            final String name = reference.substring(reference.lastIndexOf('/') + 1);
            names.put(DOCUMENT.at("/$defs/" + name + "/properties/type/enum/0").asText(), name);
        }
        return names;
    }

    /** @return whether the published document has a schema of that name */
    public static boolean has(final String name) {
        return DOCUMENT.get(DEFINITIONS).has(name);
    }

    /**
     * @return what is wrong with {@code answer}, one line each; empty when it fits
     * @throws IllegalArgumentException when there is no schema of that name
     */
    public static List<String> violations(final String name, final JsonNode answer) {
        if (!has(name)) {
            throw new IllegalArgumentException("no schema " + name);
        }
        return COMPILED.computeIfAbsent(name, OpenAiSchemas::compile).validate(answer).stream()
            .map(ValidationMessage::getMessage).toList();
    }

    private static JsonSchema compile(final String name) {
        final ObjectNode root = DOCUMENT.deepCopy();
        root.put("$ref", "#/" + DEFINITIONS + "/" + name);
        return JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012).getSchema(root);
    }

    /** @throws AssertionError when {@code answer} does not fit the schema {@code name} */
    public static void check(final String name, final JsonNode answer) {
        final List<String> wrong = violations(name, answer);
        if (!wrong.isEmpty()) {
            throw new AssertionError(name + ": " + String.join("; ", wrong) + "\n" + answer);
        }
    }

    /**
     * Holds an event of a Responses stream against the schema of its own {@code type}: the union of all of them would say little
     * about what is wrong.
     *
     * @throws AssertionError when it does not fit, or its type is not among the published ones
     */
    public static void checkResponseEvent(final JsonNode event) {
        final String name = EVENT_SCHEMAS.get(event.path("type").asText());
        if (name == null) {
            throw new AssertionError("no such event is published: " + event);
        }
        check(name, event);
    }
}
