package io.spillway.grammar;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Random;

/** Random schemas of the kind that tools have, and for each a value that it allows. */
final class RandomSchemas {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final List<String> TEXTS = List.of("", "a", "caf\u00e9 \"x\"\n", "\ud83d\ude00\ud83d\ude00", "tab\there \\ \u0001", "plain words", "<b>/</b>", "\u4e2d\u6587");
    private static final List<String> PATTERNS = List.of("^[a-c]{1,4}$", "^(foo|bar)-\\\\d+$", "[A-Z]", "^\\\\w+@\\\\w+$");
    private static final List<String> MATCHES = List.of("abca", "foo-12", "xYz", "me@home");

    private final Random random;
    private final ObjectNode defs = NODES.objectNode();

    /** A schema and a value that it allows. */
    record Example(JsonNode schema, JsonNode value) {
    }

    private RandomSchemas(final Random random) {
        this.random = random;
    }

    static Example next(final Random random) {
        final RandomSchemas schemas = new RandomSchemas(random);
        final Example example = schemas.object(0);
        if (!schemas.defs.isEmpty()) {
            ((ObjectNode) example.schema()).set("$defs", schemas.defs);
        }
        return example;
    }

    private static ObjectNode json(final String text) {
        try {
            return (ObjectNode) MAPPER.readTree(text.replace('\'', '"'));
        } catch (final com.fasterxml.jackson.core.JsonProcessingException impossible) {
            throw new AssertionError(impossible);
        }
    }

    private String text() {
        return TEXTS.get(random.nextInt(TEXTS.size()));
    }

    private Example any(final int depth) {
        return switch (random.nextInt(depth < 3 ? 14 : 9)) {
            case 0 -> new Example(json("{'type':'boolean'}"), NODES.booleanNode(random.nextBoolean()));
            case 1 -> integer();
            case 2 -> new Example(json("{'type':'number','minimum':-3.5,'maximum':1000}"), NODES.numberNode(new java.math.BigDecimal(random.nextInt(900)).movePointLeft(random.nextInt(3))));
            case 3 -> new Example(json("{'type':['string','null']}"), random.nextBoolean() ? NODES.nullNode() : NODES.textNode(text()));
            case 4 -> bounded();
            case 5 -> pattern();
            case 6 -> listed();
            case 7 -> new Example(json("{'type':'string','format':'date-time'}"), NODES.textNode("2024-0" + (1 + random.nextInt(9)) + "-11T10:20:30Z"));
            case 8 -> new Example(json("{'type':'number'}"), NODES.numberNode(random.nextGaussian() * Math.pow(10, random.nextInt(40) - 20)));
            case 9 -> array(depth);
            case 10 -> union(depth);
            case 11 -> reference(depth);
            case 12 -> map(depth);
            default -> object(depth);
        };
    }

    private Example integer() {
        final int low = random.nextInt(200) - 100;
        final int high = low + random.nextInt(300);
        final ObjectNode schema = json("{'type':'integer'}").put("minimum", low);
        return new Example(random.nextBoolean() ? schema.put("maximum", high) : schema, NODES.numberNode(low + random.nextInt(high - low + 1)));
    }

    private Example bounded() {
        final String value = text();
        final int length = value.codePointCount(0, value.length());
        final ObjectNode schema = json("{'type':'string'}").put("maxLength", length + random.nextInt(4));
        return new Example(random.nextBoolean() ? schema.put("minLength", Math.max(0, length - 1)) : schema, NODES.textNode(value));
    }

    private Example pattern() {
        final int which = random.nextInt(PATTERNS.size());
        final ObjectNode schema = json("{'type':'string','pattern':'" + PATTERNS.get(which) + "'}");
        return new Example(random.nextInt(3) == 0 ? schema.put("maxLength", 8) : schema, NODES.textNode(MATCHES.get(which)));
    }

    private Example listed() {
        final ObjectNode schema = NODES.objectNode();
        final ArrayNode values = schema.putArray("enum");
        values.add("alpha").add("alphabet").add(text()).add(7).addNull().addObject().put("k", 1.5);
        return new Example(schema, values.get(random.nextInt(values.size())));
    }

    private Example array(final int depth) {
        final Example item = any(depth + 1);
        final ObjectNode schema = json("{'type':'array'}");
        schema.set("items", item.schema());
        final ArrayNode value = NODES.arrayNode();
        for (int i = random.nextInt(3); i > 0; i--) {
            value.add(item.value());
        }
        if (random.nextBoolean()) {
            schema.put("minItems", Math.max(0, value.size() - 1)).put("maxItems", value.size() + random.nextInt(2));
        }
        return new Example(schema, value);
    }

    private Example union(final int depth) {
        final Example one = any(depth + 1);
        final Example other = any(depth + 1);
        final ObjectNode schema = NODES.objectNode();
        schema.putArray("anyOf").add(other.schema()).add(one.schema());
        return new Example(schema, random.nextBoolean() ? one.value() : other.value());
    }

    /** A definition that may contain itself. */
    private Example reference(final int depth) {
        final String name = "d" + defs.size();
        defs.set(name, NODES.objectNode());
        final Example inner = any(depth + 1);
        final ObjectNode schema = json("{'type':'object','required':['v'],'additionalProperties':false}");
        final ObjectNode properties = schema.putObject("properties");
        properties.set("v", inner.schema());
        properties.putObject("next").putArray("anyOf").add(json("{'type':'null'}")).add(json("{'$ref':'#/$defs/" + name + "'}"));
        defs.set(name, schema);
        final ObjectNode leaf = NODES.objectNode().set("v", inner.value());
        final ObjectNode value = NODES.objectNode().set("v", inner.value());
        value.set("next", random.nextBoolean() ? leaf : NODES.nullNode());
        return new Example(json("{'$ref':'#/$defs/" + name + "'}"), random.nextBoolean() ? value : leaf);
    }

    private Example map(final int depth) {
        final Example item = any(depth + 1);
        final ObjectNode schema = json("{'type':'object','properties':{'id':{'type':'integer'}}}");
        schema.set("additionalProperties", item.schema());
        final ObjectNode value = NODES.objectNode();
        if (random.nextBoolean()) {
            value.put("id", 3);
        }
        value.set("i", item.value());
        value.set("idx\"\n", item.value());
        return new Example(schema, value);
    }

    private Example object(final int depth) {
        final ObjectNode schema = json("{'type':'object','additionalProperties':false}");
        final ObjectNode properties = schema.putObject("properties");
        final ArrayNode required = schema.putArray("required");
        final ObjectNode value = NODES.objectNode();
        for (int i = random.nextInt(4); i >= 0; i--) {
            final String name = "p" + i + (random.nextInt(5) == 0 ? "\u00e9 \"q\"" : "");
            final Example property = any(depth + 1);
            properties.set(name, property.schema());
            if (random.nextBoolean()) {
                required.add(name);
                value.set(name, property.value());
            } else if (random.nextBoolean()) {
                value.set(name, property.value());
            }
        }
        return new Example(schema, value);
    }
}
