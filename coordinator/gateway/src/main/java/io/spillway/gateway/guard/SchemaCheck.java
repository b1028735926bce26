package io.spillway.gateway.guard;

import java.math.BigDecimal;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Holds a value against a tool's JSON schema, as far as tool schemas go: types, enum, const, properties, required,
 * additionalProperties, items, bounds. Keywords it does not know decide nothing. Stateless.
 */
final class SchemaCheck {
    private static final int DEPTH_MAX = 64;

    private SchemaCheck() {
    }

    /** @return what is wrong first, for the model to read; empty when nothing is */
    static Optional<String> problem(final Object value, final Map<?, ?> schema, final String at) {
        return problem(value, schema, at, 0);
    }

    private static Optional<String> problem(final Object value, final Map<?, ?> schema, final String at, final int depth) {
        if (depth > DEPTH_MAX) {
            return Optional.of(at + " is nested too deeply");
        }
        if (schema.get("type") instanceof Object type && !types(type).isEmpty() && types(type).stream().noneMatch(name -> is(value, name))) {
            return Optional.of(at + " must be of type " + String.join(" or ", types(type)));
        }
        if (schema.get("enum") instanceof Collection<?> options && options.stream().noneMatch(option -> same(option, value))) {
            return Optional.of(at + " must be one of " + options);
        }
        if (schema.containsKey("const") && !same(schema.get("const"), value)) {
            return Optional.of(at + " must be " + schema.get("const"));
        }
        return switch (value) {
            case Map<?, ?> object -> members(object, schema, at, depth);
            case List<?> list -> items(list, schema, at, depth);
            case Number number -> bounds(number, schema, at);
            case String text -> lengths(text, schema, at);
            case null, default -> Optional.empty();
        };
    }

    /** @return type names that are not empty */
    static List<String> types(final Object type) {
        return type instanceof Collection<?> several ? several.stream().map(Object::toString).toList() : List.of(type.toString());
    }

    static boolean is(final Object value, final String type) {
        return switch (type) {
            case "object" -> value instanceof Map;
            case "array" -> value instanceof List;
            case "string" -> value instanceof String;
            case "boolean" -> value instanceof Boolean;
            case "null" -> value == null;
            case "number" -> value instanceof Number;
            case "integer" -> value instanceof Number number && new BigDecimal(number.toString()).stripTrailingZeros().scale() <= 0;
            default -> true;
        };
    }

    private static boolean same(final Object a, final Object b) {
        return a instanceof Number x && b instanceof Number y
            ? new BigDecimal(x.toString()).compareTo(new BigDecimal(y.toString())) == 0 : Objects.equals(a, b);
    }

    private static Optional<String> members(final Map<?, ?> object, final Map<?, ?> schema, final String at, final int depth) {
        final Map<?, ?> properties = schema.get("properties") instanceof Map<?, ?> map ? map : Map.of();
        if (schema.get("required") instanceof Collection<?> required) {
            for (final Object name : required) {
                if (!object.containsKey(name)) {
                    return Optional.of("missing " + path(at, name));
                }
            }
        }
        for (final Map.Entry<?, ?> member : object.entrySet()) {
            if (properties.get(member.getKey()) instanceof Map<?, ?> inner) {
                final Optional<String> problem = problem(member.getValue(), inner, path(at, member.getKey()), depth + 1);
                if (problem.isPresent()) {
                    return problem;
                }
            } else if (Boolean.FALSE.equals(schema.get("additionalProperties")) && !properties.containsKey(member.getKey())) {
                return Optional.of("unknown " + path(at, member.getKey()));
            }
        }
        return Optional.empty();
    }

    private static Optional<String> items(final List<?> list, final Map<?, ?> schema, final String at, final int depth) {
        if (schema.get("minItems") instanceof Number least && list.size() < least.intValue()) {
            return Optional.of(at + " needs at least " + least + " items");
        }
        if (schema.get("maxItems") instanceof Number most && list.size() > most.intValue()) {
            return Optional.of(at + " may have at most " + most + " items");
        }
        if (schema.get("items") instanceof Map<?, ?> inner) {
            for (int i = 0; i < list.size(); i++) {
                final Optional<String> problem = problem(list.get(i), inner, at + "[" + i + "]", depth + 1);
                if (problem.isPresent()) {
                    return problem;
                }
            }
        }
        return Optional.empty();
    }

    private static Optional<String> bounds(final Number number, final Map<?, ?> schema, final String at) {
        final BigDecimal value = new BigDecimal(number.toString());
        if (schema.get("minimum") instanceof Number least && value.compareTo(new BigDecimal(least.toString())) < 0) {
            return Optional.of(at + " must be at least " + least);
        }
        if (schema.get("maximum") instanceof Number most && value.compareTo(new BigDecimal(most.toString())) > 0) {
            return Optional.of(at + " must be at most " + most);
        }
        return Optional.empty();
    }

    private static Optional<String> lengths(final String text, final Map<?, ?> schema, final String at) {
        final int length = text.codePointCount(0, text.length());
        if (schema.get("minLength") instanceof Number least && length < least.intValue()) {
            return Optional.of(at + " needs at least " + least + " characters");
        }
        if (schema.get("maxLength") instanceof Number most && length > most.intValue()) {
            return Optional.of(at + " may have at most " + most + " characters");
        }
        return Optional.empty();
    }

    private static String path(final String at, final Object name) {
        return at.isEmpty() ? "'" + name + "'" : at + "." + name;
    }
}
