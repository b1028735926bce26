package io.spillway.grammar;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.grammar.schema.Whitespace;
import java.util.ArrayList;
import java.util.List;

/** Sources as JSON text, for the way between processes and into logs. Reading what was written gives an equal source. */
public final class GrammarText {
    private static final JsonMapper MAPPER = JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();
    private static final int MAX_DEPTH = 60;

    private GrammarText() {
    }

    /** @return the source as one line of JSON */
    public static String write(final GrammarSource source) {
        return node(source).toString();
    }

    /** @throws SpillwayException for what {@link #write} has not written */
    public static GrammarSource read(final String text) {
        try {
            return source(MAPPER.readTree(text), 0);
        } catch (final JsonProcessingException malformed) {
            throw new SpillwayException(ErrorCode.INVALID_JSON, "the grammar is no JSON: " + malformed.getOriginalMessage(), malformed);
        }
    }

    private static ObjectNode object(final String kind) {
        return JsonNodeFactory.instance.objectNode().put("kind", kind);
    }

    private static ObjectNode node(final GrammarSource source) {
        return switch (source) {
            case GrammarSource.JsonSchema(final String schema, final boolean strict, final Whitespace whitespace) ->
                object("json_schema").put("schema", schema).put("strict", strict).put("whitespace", whitespace.name());
            case GrammarSource.JsonObject(final Whitespace whitespace) -> object("json_object").put("whitespace", whitespace.name());
            case GrammarSource.Regex(final String regex) -> object("regex").put("regex", regex);
            case GrammarSource.Gbnf(final String grammar) -> object("gbnf").put("grammar", grammar);
            case GrammarSource.Choice(final List<String> texts) -> {
                final ObjectNode node = object("choice");
                final ArrayNode all = node.putArray("texts");
                texts.forEach(all::add);
                yield node;
            }
            case GrammarSource.Literal(final String text) -> object("literal").put("text", text);
            case GrammarSource.Marker(final String text) -> object("marker").put("text", text);
            case GrammarSource.Sequence(final List<GrammarSource> parts) -> list(object("sequence"), parts);
            case GrammarSource.AnyOf(final List<GrammarSource> branches) -> list(object("any_of"), branches);
            case GrammarSource.Repeat(final GrammarSource body, final GrammarSource separator, final int min, final int max) -> {
                final ObjectNode node = object("repeat").put("min", min).put("max", max);
                node.set("separator", node(separator));
                node.set("body", node(body));
                yield node;
            }
            case GrammarSource.Without(final String text) -> object("without").put("text", text);
            case GrammarSource.Until(final String marker, final GrammarSource follows) -> {
                final ObjectNode node = object("until").put("text", marker);
                node.set("follows", node(follows));
                yield node;
            }
            case GrammarSource.Triggered triggered -> triggered(triggered);
        };
    }

    private static ObjectNode list(final ObjectNode node, final List<GrammarSource> parts) {
        final ArrayNode all = node.putArray("parts");
        parts.forEach(part -> all.add(node(part)));
        return node;
    }

    private static ObjectNode triggered(final GrammarSource.Triggered triggered) {
        final ObjectNode node = object("triggered").put("again", triggered.again());
        final ArrayNode all = node.putArray("triggers");
        triggered.triggers().forEach(trigger -> all.addObject().put("text", trigger.text()).set("follows", node(trigger.follows())));
        return node;
    }

    private static GrammarSource source(final JsonNode node, final int depth) {
        if (depth > MAX_DEPTH) {
            throw new SpillwayException(ErrorCode.ABOVE_MAXIMUM, "a grammar's parts are nested deeper than " + MAX_DEPTH);
        }
        return switch (text(node, "kind")) {
            case "json_schema" -> new GrammarSource.JsonSchema(text(node, "schema"), node.path("strict").asBoolean(), whitespace(node));
            case "json_object" -> new GrammarSource.JsonObject(whitespace(node));
            case "regex" -> new GrammarSource.Regex(text(node, "regex"));
            case "gbnf" -> new GrammarSource.Gbnf(text(node, "grammar"));
            case "choice" -> new GrammarSource.Choice(texts(node));
            case "literal" -> new GrammarSource.Literal(text(node, "text"));
            case "marker" -> new GrammarSource.Marker(text(node, "text"));
            case "sequence" -> new GrammarSource.Sequence(parts(node, depth));
            case "any_of" -> new GrammarSource.AnyOf(parts(node, depth));
            case "repeat" -> new GrammarSource.Repeat(source(node.path("body"), depth + 1), source(node.path("separator"), depth + 1),
                node.path("min").asInt(), node.path("max").asInt());
            case "without" -> new GrammarSource.Without(text(node, "text"));
            case "until" -> new GrammarSource.Until(text(node, "text"), source(node.path("follows"), depth + 1));
            case "triggered" -> readTriggered(node, depth);
            default -> throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "kind", "a grammar's kind is not known");
        };
    }

    private static GrammarSource readTriggered(final JsonNode node, final int depth) {
        final List<GrammarSource.Triggered.Trigger> triggers = new ArrayList<>();
        for (final JsonNode trigger : node.path("triggers")) {
            triggers.add(new GrammarSource.Triggered.Trigger(text(trigger, "text"), source(trigger.path("follows"), depth + 1)));
        }
        return new GrammarSource.Triggered(triggers, node.path("again").asBoolean());
    }

    private static List<GrammarSource> parts(final JsonNode node, final int depth) {
        final List<GrammarSource> parts = new ArrayList<>();
        node.path("parts").forEach(part -> parts.add(source(part, depth + 1)));
        return parts;
    }

    private static List<String> texts(final JsonNode node) {
        final List<String> texts = new ArrayList<>();
        node.path("texts").forEach(text -> texts.add(text.asText()));
        return texts;
    }

    private static String text(final JsonNode node, final String key) {
        if (!node.path(key).isTextual()) {
            throw SpillwayException.ofField(ErrorCode.MISSING_FIELD, key, "a grammar lacks its " + key);
        }
        return node.get(key).textValue();
    }

    private static Whitespace whitespace(final JsonNode node) {
        final String name = text(node, "whitespace");
        for (final Whitespace whitespace : Whitespace.values()) {
            if (whitespace.name().equals(name)) {
                return whitespace;
            }
        }
        throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "whitespace", "white space is COMPACT, SPACED or FLEXIBLE");
    }
}
