package io.spillway.gateway.guard;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.math.BigDecimal;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Reads a call's arguments and puts right what is plainly meant. Never invents a value. Stateless. */
final class Repairs {
    private static final TypeReference<LinkedHashMap<String, Object>> OBJECT = new TypeReference<>() { };
    private static final JsonMapper STRICT = JsonMapper.builder()
        .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS, DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS).build();
    private static final JsonMapper LENIENT = JsonMapper.builder()
        .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
        .enable(JsonReadFeature.ALLOW_SINGLE_QUOTES, JsonReadFeature.ALLOW_UNQUOTED_FIELD_NAMES, JsonReadFeature.ALLOW_TRAILING_COMMA,
            JsonReadFeature.ALLOW_UNESCAPED_CONTROL_CHARS).build();
    private static final int CLOSERS_MAX = 16;

    private Repairs() {
    }

    /** @return the object that {@code json} spells; empty when it spells none */
    static Optional<Map<String, Object>> parse(final String json) {
        return read(STRICT, json);
    }

    /** @return the object that {@code json} plainly means: quotes, commas and closing brackets are put right */
    static Optional<Map<String, Object>> parseLeniently(final String json) {
        final Optional<Map<String, Object>> asItIs = read(LENIENT, json);
        return asItIs.isPresent() ? asItIs : closed(json).flatMap(text -> read(LENIENT, text));
    }

    static String text(final Map<String, Object> arguments) {
        try {
            return STRICT.writeValueAsString(arguments);
        } catch (final JsonProcessingException e) {
            throw new IllegalStateException("maps of plain values can be written", e);
        }
    }

    private static Optional<Map<String, Object>> read(final JsonMapper mapper, final String json) {
        try {
            return Optional.ofNullable(mapper.readValue(json.isBlank() ? "{}" : json, OBJECT));
        } catch (final JsonProcessingException e) {
            return Optional.empty(); // not an object: for the caller to judge
        }
    }

    /** Closes what was left open. */
    private static Optional<String> closed(final String json) {
        final StringBuilder open = new StringBuilder();
        boolean quoted = false;
        for (int i = 0; i < json.length(); i++) {
            final char c = json.charAt(i);
            if (quoted) {
                i += c == '\\' ? 1 : 0;
                quoted = c != '"';
            } else if (c == '"') {
                quoted = true;
            } else if (c == '{' || c == '[') {
                open.append(c == '{' ? '}' : ']');
            } else if ((c == '}' || c == ']') && !open.isEmpty()) {
                open.setLength(open.length() - 1);
            }
        }
        if (!quoted && open.isEmpty() || open.length() > CLOSERS_MAX) {
            return Optional.empty();
        }
        return Optional.of(json + (quoted ? "\"" : "") + open.reverse());
    }

    /** @return arguments with values of the schema's types where the text leaves no doubt; unknown ones left out */
    static Map<String, Object> coerce(final Map<String, Object> arguments, final Map<?, ?> schema) {
        final Map<?, ?> properties = schema.get("properties") instanceof Map<?, ?> map ? map : Map.of();
        final boolean closed = Boolean.FALSE.equals(schema.get("additionalProperties"));
        final Map<String, Object> coerced = new LinkedHashMap<>();
        arguments.forEach((name, value) -> {
            if (properties.get(name) instanceof Map<?, ?> property) {
                coerced.put(name, value(value, property));
            } else if (!closed) {
                coerced.put(name, value);
            }
        });
        return coerced;
    }

    @SuppressWarnings("unchecked") // JSON objects have text keys
    private static Object value(final Object value, final Map<?, ?> schema) {
        if (schema.get("enum") instanceof Collection<?> options && value instanceof String text) {
            return options.stream().filter(o -> o instanceof String s && s.equalsIgnoreCase(text.strip())).findFirst().map(o -> (Object) o).orElse(value);
        }
        if (value instanceof Map<?, ?> inner) {
            return coerce((Map<String, Object>) inner, schema);
        }
        final Object type = schema.get("type");
        if (type == null || SchemaCheck.types(type).stream().anyMatch(name -> SchemaCheck.is(value, name))) {
            return value;
        }
        return SchemaCheck.types(type).stream().map(name -> as(value, name)).flatMap(Optional::stream).findFirst().orElse(value);
    }

    private static Optional<Object> as(final Object value, final String type) {
        return switch (type) {
            case "string" -> value instanceof Number || value instanceof Boolean ? Optional.of(value.toString()) : Optional.empty();
            case "integer", "number" -> value instanceof String text ? number(text, type.equals("integer")) : Optional.empty();
            case "boolean" -> value instanceof String text ? truth(text) : Optional.empty();
            default -> Optional.empty();
        };
    }

    private static Optional<Object> number(final String text, final boolean whole) {
        try {
            final BigDecimal number = new BigDecimal(text.strip());
            return whole ? Optional.of(number.toBigIntegerExact()) : Optional.of(number);
        } catch (final ArithmeticException | NumberFormatException e) {
            return Optional.empty(); // not plainly a number
        }
    }

    private static Optional<Object> truth(final String text) {
        return switch (text.strip().toLowerCase(Locale.ROOT)) {
            case "true" -> Optional.of(true);
            case "false" -> Optional.of(false);
            default -> Optional.empty();
        };
    }
}
