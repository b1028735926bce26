package io.spillway.gateway.json;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * An object of the request body, read field by field; every complaint names the field's path. {@code null} is the same as absent,
 * fields nobody asks for are tolerated. Immutable; any thread.
 */
public final class Fields {
    private final ObjectNode node;
    private final String path;

    private Fields(final ObjectNode node, final String path) {
        this.node = node;
        this.path = path;
    }

    /** @throws SpillwayException {@code INVALID_JSON} when {@code body} is not one JSON object in UTF-8 */
    public static Fields parse(final byte[] body) {
        return new Fields(Json.parse(body), "");
    }

    /** @return the object itself; nobody may write to it */
    public JsonNode json() {
        return node;
    }

    /** @return the path of one of this object's fields */
    public String path(final String name) {
        return path.isEmpty() ? name : path + "." + name;
    }

    /** @return the field as it stands; empty when absent or null */
    public Optional<JsonNode> value(final String name) {
        return Optional.ofNullable(node.get(name)).filter(value -> !value.isNull());
    }

    /** @return whether the field is there and not null */
    public boolean has(final String name) {
        return value(name).isPresent();
    }

    /** @return the whole object, for the caller to change */
    public ObjectNode copy() {
        return node.deepCopy();
    }

    /** @return the whole object as lists, maps (in order), texts, numbers and booleans */
    public Map<String, Object> toMap() {
        return Json.map(node);
    }

    /** @throws SpillwayException {@code INVALID_TYPE} when it is there and no string */
    public Optional<String> text(final String name) {
        return value(name).map(value -> {
            if (!value.isTextual()) {
                throw wrongType(path(name), "a string", value);
            }
            return value.textValue();
        });
    }

    /** @throws SpillwayException {@code MISSING_FIELD}, {@code INVALID_TYPE} */
    public String requiredText(final String name) {
        return text(name).orElseThrow(() -> missing(name));
    }

    /** @throws SpillwayException {@code INVALID_TYPE} when it is there and no boolean */
    public boolean flag(final String name, final boolean absent) {
        return value(name).map(value -> {
            if (!value.isBoolean()) {
                throw wrongType(path(name), "a boolean", value);
            }
            return value.booleanValue();
        }).orElse(absent);
    }

    /** @throws SpillwayException {@code INVALID_TYPE}, {@code BELOW_MINIMUM}, {@code ABOVE_MAXIMUM} */
    public OptionalInt integer(final String name, final int min, final int max) {
        final Optional<JsonNode> value = value(name);
        if (value.isEmpty()) {
            return OptionalInt.empty();
        }
        requireInteger(name, value.get());
        checkRange(name, value.get().doubleValue(), min, max);
        return OptionalInt.of(value.get().intValue());
    }

    /** @throws SpillwayException {@code INVALID_TYPE}, {@code BELOW_MINIMUM}, {@code ABOVE_MAXIMUM} */
    public OptionalLong longInteger(final String name) {
        final Optional<JsonNode> value = value(name);
        if (value.isEmpty()) {
            return OptionalLong.empty();
        }
        requireInteger(name, value.get());
        checkRange(name, value.get().doubleValue(), Long.MIN_VALUE, Long.MAX_VALUE);
        return OptionalLong.of(value.get().longValue());
    }

    private void requireInteger(final String name, final JsonNode value) {
        final boolean whole = value.isIntegralNumber() || value.isNumber() && value.doubleValue() == Math.rint(value.doubleValue());
        if (!whole) {
            throw wrongType(path(name), "an integer", value);
        }
    }

    /** @throws SpillwayException {@code INVALID_TYPE}, {@code BELOW_MINIMUM}, {@code ABOVE_MAXIMUM} */
    public OptionalDouble number(final String name, final double min, final double max) {
        final Optional<JsonNode> value = value(name);
        if (value.isEmpty()) {
            return OptionalDouble.empty();
        }
        if (!value.get().isNumber()) {
            throw wrongType(path(name), "a number", value.get());
        }
        checkRange(name, value.get().doubleValue(), min, max);
        return OptionalDouble.of(value.get().doubleValue());
    }

    private void checkRange(final String name, final double value, final double min, final double max) {
        if (value < min || Double.isNaN(value)) {
            throw outOfRange(path(name), ErrorCode.BELOW_MINIMUM, value, "at least " + plain(min));
        }
        if (value > max) {
            throw outOfRange(path(name), ErrorCode.ABOVE_MAXIMUM, value, "at most " + plain(max));
        }
    }

    /** @return a complaint about a number; {@code bound} for instance {@code at least 0} */
    public static SpillwayException outOfRange(final String path, final ErrorCode code, final double value, final String bound) {
        return SpillwayException.ofField(code, path,
            "Invalid '" + path + "': expected a value of " + bound + ", but got " + plain(value) + " instead.");
    }

    private static String plain(final double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e18 ? Long.toString((long) value) : Double.toString(value);
    }

    /** @throws SpillwayException {@code INVALID_TYPE} when it is there and no object */
    public Optional<Fields> object(final String name) {
        return value(name).map(value -> of(path(name), value));
    }

    /** @throws SpillwayException {@code MISSING_FIELD}, {@code INVALID_TYPE} */
    public Fields requiredObject(final String name) {
        return object(name).orElseThrow(() -> missing(name));
    }

    /** @return the elements of an array; empty when absent */
    public List<JsonNode> array(final String name) {
        final List<JsonNode> elements = new ArrayList<>();
        value(name).ifPresent(value -> {
            if (!value.isArray()) {
                throw wrongType(path(name), "an array", value);
            }
            value.forEach(elements::add);
        });
        return elements;
    }

    /** @return the elements of an array of objects; empty when absent */
    public List<Fields> objects(final String name) {
        final List<Fields> objects = new ArrayList<>();
        for (final JsonNode element : array(name)) {
            objects.add(of(path(name) + "[" + objects.size() + "]", element));
        }
        return objects;
    }

    private static Fields of(final String path, final JsonNode value) {
        if (value instanceof ObjectNode object) {
            return new Fields(object, path);
        }
        throw wrongType(path, "an object", value);
    }

    /** @return a complaint that one of this object's fields is missing */
    public SpillwayException missing(final String name) {
        return SpillwayException.ofField(ErrorCode.MISSING_FIELD, path(name), "Missing required parameter: '" + path(name) + "'.");
    }

    /** @return a complaint about the value of one of this object's fields */
    public SpillwayException invalid(final String name, final String detail) {
        return SpillwayException.ofField(ErrorCode.INVALID_VALUE, path(name), "Invalid '" + path(name) + "': " + detail);
    }

    /** @return a complaint that a value is known elsewhere but cannot be served here */
    public SpillwayException unsupported(final String name, final String detail) {
        return SpillwayException.ofField(ErrorCode.UNSUPPORTED, path(name), "Unsupported '" + path(name) + "': " + detail);
    }

    /** @return a complaint about a type; {@code expected} for instance {@code a string} */
    public static SpillwayException wrongType(final String path, final String expected, final JsonNode value) {
        return SpillwayException.ofField(ErrorCode.INVALID_TYPE, path,
            "Invalid type for '" + path + "': expected " + expected + ", but got " + kind(value) + " instead.");
    }

    private static String kind(final JsonNode value) {
        return switch (value.getNodeType()) {
            case STRING -> "a string";
            case NUMBER -> value.isIntegralNumber() ? "an integer" : "a decimal number";
            case BOOLEAN -> "a boolean";
            case ARRAY -> "an array";
            case NULL -> "null";
            default -> "an object";
        };
    }
}
