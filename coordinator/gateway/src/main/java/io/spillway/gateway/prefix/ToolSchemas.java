package io.spillway.gateway.prefix;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * JSON schemas of tools in one order of keywords, so that clients which write the same schema in another order share a prompt's beginning.
 * The order is the one that models have mostly seen. Names of properties keep the order in which they were sent: arguments are generated in
 * it, so it is the tool's author's, and so is the order of the tools. Stateless; any thread.
 */
public final class ToolSchemas {
    private static final List<String> FIRST = List.of("$schema", "$id", "$ref", "title", "type", "description", "enum", "const", "format",
        "pattern", "minimum", "maximum", "items", "anyOf", "oneOf", "allOf", "properties", "required", "additionalProperties");
    /** Their values map names of the author's to schemas. */
    private static final Set<String> NAMED = Set.of("properties", "patternProperties", "$defs", "definitions", "dependentSchemas");
    /** Their values are data. */
    private static final Set<String> DATA = Set.of("enum", "const", "default", "examples", "example", "required", "type");

    private ToolSchemas() {
    }

    /** @return an equal schema, its keywords in order; {@code schema} stays as it is */
    public static Map<String, Object> canonical(final Map<String, Object> schema) {
        final Map<String, Object> rest = new TreeMap<>(schema);
        final Map<String, Object> ordered = new LinkedHashMap<>();
        for (final String keyword : FIRST) {
            if (schema.containsKey(keyword)) {
                ordered.put(keyword, value(keyword, rest.remove(keyword)));
            }
        }
        rest.forEach((keyword, value) -> ordered.put(keyword, value(keyword, value)));
        return ordered;
    }

    private static Object value(final String keyword, final Object value) {
        if (DATA.contains(keyword)) {
            return value;
        }
        if (NAMED.contains(keyword) && value instanceof Map<?, ?> named) {
            final Map<String, Object> schemas = new LinkedHashMap<>();
            named.forEach((name, schema) -> schemas.put(String.valueOf(name), any(schema)));
            return schemas;
        }
        return any(value);
    }

    private static Object any(final Object value) {
        if (value instanceof Map<?, ?> map) {
            final Map<String, Object> schema = new LinkedHashMap<>();
            map.forEach((keyword, inner) -> schema.put(String.valueOf(keyword), inner));
            return canonical(schema);
        }
        if (value instanceof List<?> list) {
            final List<Object> elements = new ArrayList<>(list.size());
            list.forEach(element -> elements.add(any(element)));
            return elements;
        }
        return value;
    }
}
