package io.spillway.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.lang.reflect.AccessibleObject;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * A Java type that stands in the file as one word.
 *
 * @param label what the reference page calls it
 * @param read  value of a node; throws {@link IllegalArgumentException} with "must be …" when it is not of this type
 * @param write what the file shows for a value: text, number or truth value
 */
record ScalarType(String label, Function<JsonNode, Object> read, Function<Object, Object> write) {

    /**
     * @param type Java type of the component
     * @param name Java name of the component: a {@code long …Bytes} is a size, a {@code long …Nanos} or {@code …Millis} a duration
     */
    static Optional<ScalarType> of(final Class<?> type, final String name) {
        if (type == long.class || type == Long.class) {
            return Optional.of(ofLong(name));
        }
        if (type == boolean.class || type == Boolean.class) {
            return Optional.of(new ScalarType("true or false", ScalarType::truth, value -> value));
        }
        if (type == int.class || type == Integer.class) {
            return Optional.of(new ScalarType("integer", node -> Math.toIntExact(whole(node, Integer.MIN_VALUE, Integer.MAX_VALUE)),
                value -> value));
        }
        if (type == double.class || type == Double.class) {
            return Optional.of(new ScalarType("number", ScalarType::real, value -> value));
        }
        return ofTextual(type);
    }

    private static ScalarType ofLong(final String name) {
        if (name.endsWith("Bytes")) {
            return new ScalarType("size", node -> Units.parseBytes(word(node, "a size such as 512MiB")),
                value -> Units.formatBytes((Long) value));
        }
        if (name.endsWith("Nanos") || name.endsWith("Millis")) {
            final long unitNanos = name.endsWith("Nanos") ? 1 : 1_000_000;
            return new ScalarType("duration", node -> durationIn(word(node, "a duration such as 200ms"), unitNanos),
                value -> Units.formatDuration(Duration.ofNanos(Math.multiplyExact((Long) value, unitNanos))));
        }
        return new ScalarType("integer", node -> whole(node, Long.MIN_VALUE, Long.MAX_VALUE), value -> value);
    }

    private static Optional<ScalarType> ofTextual(final Class<?> type) {
        if (type == String.class) {
            return Optional.of(textual("text", text -> text));
        }
        if (type == Path.class) {
            return Optional.of(textual("path", Path::of));
        }
        if (type == Duration.class) {
            return Optional.of(new ScalarType("duration", node -> Units.parseDuration(word(node, "a duration such as 200ms")),
                value -> Units.formatDuration((Duration) value)));
        }
        if (type.isEnum()) {
            final List<?> constants = Arrays.asList(type.getEnumConstants());
            final String names = constants.stream().map(ScalarType::enumWord).collect(Collectors.joining(", "));
            return Optional.of(new ScalarType("one of " + names, node -> enumOf(constants, names, switched(node, "one of " + names)),
                ScalarType::enumWord));
        }
        return ofParseable(type);
    }

    /** A type of ours with {@code static parse(String)}, or a record around one String (the ids). */
    private static Optional<ScalarType> ofParseable(final Class<?> type) {
        final Optional<Method> parse = Arrays.stream(type.getDeclaredMethods())
            .filter(method -> method.getName().equals("parse") && Modifier.isStatic(method.getModifiers())
                && method.getReturnType() == type && Arrays.equals(method.getParameterTypes(), new Class<?>[] {String.class}))
            .findFirst();
        if (parse.isPresent()) {
            final String label = type == ByteSize.class ? "size" : Keys.kebab(type.getSimpleName()).replace('-', ' ');
            return Optional.of(textual(label, text -> call(() -> opened(parse.get()).invoke(null, text))));
        }
        if (type.isRecord() && type.getRecordComponents().length == 1 && type.getRecordComponents()[0].getType() == String.class) {
            return Optional.of(textual("text", text -> call(() -> opened(type.getDeclaredConstructor(String.class)).newInstance(text))));
        }
        return Optional.empty();
    }

    private static ScalarType textual(final String label, final Function<String, Object> parse) {
        return new ScalarType(label, node -> parse.apply(word(node, label.equals("text") ? "text" : "a " + label)), String::valueOf);
    }

    private static String enumWord(final Object constant) {
        return Keys.kebab(((Enum<?>) constant).name());
    }

    private static Object enumOf(final List<?> constants, final String names, final String text) {
        return constants.stream().filter(constant -> enumWord(constant).equals(text.toLowerCase(Locale.ROOT))).findFirst()
            .orElseThrow(() -> new IllegalArgumentException("must be one of " + names + ", got '" + text + "'"));
    }

    /** YAML reads a bare {@code on} or {@code off} as a truth value; where a word is wanted it is that word. */
    private static String switched(final JsonNode node, final String expected) {
        return node.isBoolean() ? node.booleanValue() ? "on" : "off" : word(node, expected);
    }

    private static String word(final JsonNode node, final String expected) {
        if (node.isTextual()) {
            return node.textValue();
        }
        throw new IllegalArgumentException("must be " + expected + ", got " + shown(node)
            + (node.isValueNode() && expected.equals("text") ? " (put it in quotes)" : ""));
    }

    private static Object truth(final JsonNode node) {
        if (!node.isBoolean()) {
            throw new IllegalArgumentException("must be true or false, got " + shown(node));
        }
        return node.booleanValue();
    }

    private static long whole(final JsonNode node, final long least, final long most) {
        if (!node.isIntegralNumber()) {
            throw new IllegalArgumentException("must be an integer, got " + shown(node));
        }
        if (!node.canConvertToLong() || node.longValue() < least || node.longValue() > most) {
            throw new IllegalArgumentException("must be between " + least + " and " + most + ", got " + node.asText());
        }
        return node.longValue();
    }

    private static Object real(final JsonNode node) {
        if (!node.isNumber()) {
            throw new IllegalArgumentException("must be a number, got " + shown(node));
        }
        return node.doubleValue();
    }

    private static long durationIn(final String text, final long unitNanos) {
        final long nanos = Units.parseDuration(text).toNanos();
        if (nanos % unitNanos != 0) {
            throw new IllegalArgumentException("must be whole milliseconds, got '" + text + "'");
        }
        return nanos / unitNanos;
    }

    private static String shown(final JsonNode node) {
        return node.isObject() ? "a section" : node.isArray() ? "a list" : node.isTextual() ? "'" + node.textValue() + "'" : node.asText();
    }

    /** A reflective call that may fail with what the called code threw. */
    interface Reflective {
        Object get() throws ReflectiveOperationException;
    }

    /** Lets config records be nested in package-private classes. */
    static <T extends AccessibleObject> T opened(final T member) {
        member.setAccessible(true);
        return member;
    }

    /** Runs a reflective call; what the called code threw is thrown as itself. */
    static Object call(final Reflective reflective) {
        try {
            return reflective.get();
        } catch (final InvocationTargetException e) {
            if (e.getCause() instanceof final RuntimeException thrown) {
                throw thrown;
            }
            throw new IllegalStateException("a config type threw a checked exception", e);
        } catch (final ReflectiveOperationException e) {
            throw new IllegalStateException("a config type is not accessible: make it and its constructor public", e);
        }
    }
}
