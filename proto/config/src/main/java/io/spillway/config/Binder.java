package io.spillway.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/** Builds a record tree from a YAML tree. One use per document; {@code source} is what messages call that document. */
final class Binder {
    private static final YAMLMapper YAML = new YAMLMapper();
    private final String source;

    Binder(final String source) {
        this.source = source;
    }

    /** A component being filled: {@code name} is its Java name, {@code path} its dotted key. */
    private record Slot(Type type, String name, String path) {
    }

    /** @param path dotted key of this section; empty for the document itself */
    Object bindRecord(final JsonNode node, final Class<?> type, final String path) {
        if (!node.isObject() && !absent(node)) {
            throw wrong(path, "must be a section with keys, got " + (node.isArray() ? "a list" : "'" + node.asText() + "'"));
        }
        final RecordComponent[] components = type.getRecordComponents();
        refuseUnknownKeys(node, components, path);
        final Object[] values = new Object[components.length];
        for (int i = 0; i < components.length; i++) {
            values[i] = bindComponent(node.path(Keys.kebab(components[i].getName())), components[i], path);
        }
        return construct(type, components, values, path);
    }

    private void refuseUnknownKeys(final JsonNode node, final RecordComponent[] components, final String path) {
        final List<String> known = Arrays.stream(components).map(component -> Keys.kebab(component.getName())).toList();
        node.fieldNames().forEachRemaining(key -> {
            if (!known.contains(key)) {
                final String hint = Keys.nearest(key, known).map(near -> "did you mean '" + near + "'?")
                    .orElse("known keys here: " + String.join(", ", known));
                throw wrong(join(path, key), "is not a known key; " + hint);
            }
        });
    }

    private Object bindComponent(final JsonNode node, final RecordComponent component, final String path) {
        final Slot slot = new Slot(component.getGenericType(), component.getName(), join(path, Keys.kebab(component.getName())));
        final Default fallback = component.getAnnotation(Default.class);
        final JsonNode effective = absent(node) && fallback != null ? yaml(fallback.value(), slot) : node;
        return bind(effective, slot);
    }

    private Object bind(final JsonNode node, final Slot slot) {
        final Class<?> raw = rawType(slot.type());
        if (raw == Optional.class) {
            return absent(node) ? Optional.empty() : Optional.of(bind(node, new Slot(argument(slot.type(), 0), slot.name(), slot.path())));
        }
        if (raw == List.class) {
            return bindList(node, slot);
        }
        if (raw == Map.class) {
            return bindMap(node, slot);
        }
        final Optional<ScalarType> scalar = ScalarType.of(raw, slot.name());
        if (scalar.isPresent()) {
            return bindScalar(node, scalar.get(), slot.path());
        }
        if (raw.isRecord()) {
            return bindRecord(node, raw, slot.path());
        }
        throw new IllegalStateException("config records cannot hold a " + raw.getName() + " (" + slot.path() + ")");
    }

    private Object bindScalar(final JsonNode node, final ScalarType scalar, final String path) {
        if (absent(node)) {
            throw wrong(path, "is missing and has no default (" + scalar.label() + ")");
        }
        try {
            return scalar.read().apply(node);
        } catch (final IllegalArgumentException | ArithmeticException e) {
            throw wrong(path, e.getMessage());
        }
    }

    private List<Object> bindList(final JsonNode node, final Slot slot) {
        if (!node.isArray() && !absent(node)) {
            throw wrong(slot.path(), "must be a list");
        }
        final List<Object> items = new ArrayList<>(node.size());
        for (final JsonNode item : node) {
            items.add(bind(item, new Slot(argument(slot.type(), 0), slot.name(), slot.path() + "[" + items.size() + "]")));
        }
        return Collections.unmodifiableList(items);
    }

    private Map<String, Object> bindMap(final JsonNode node, final Slot slot) {
        if (!node.isObject() && !absent(node)) {
            throw wrong(slot.path(), "must be a section with a key for each name");
        }
        final Map<String, Object> entries = new LinkedHashMap<>();
        node.fields().forEachRemaining(entry -> entries.put(entry.getKey(),
            bind(entry.getValue(), new Slot(argument(slot.type(), 1), slot.name(), join(slot.path(), entry.getKey())))));
        return Collections.unmodifiableMap(entries);
    }

    private Object construct(final Class<?> type, final RecordComponent[] components, final Object[] values, final String path) {
        final Class<?>[] types = Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
        try {
            return ScalarType.call(() -> ScalarType.opened(type.getDeclaredConstructor(types)).newInstance(values));
        } catch (final IllegalArgumentException | NullPointerException e) {
            throw wrong(culprit(components, String.valueOf(e.getMessage()), path), String.valueOf(e.getMessage()));
        } catch (final SpillwayException e) {
            throw wrong(e.field().map(field -> join(path, Keys.kebab(field))).orElse(path), e.getMessage());
        }
    }

    /** A compact constructor names the component it refuses in its message; the key of the first one named is the culprit. */
    private static String culprit(final RecordComponent[] components, final String message, final String path) {
        for (final RecordComponent component : components) {
            if (Pattern.compile("\\b" + Pattern.quote(component.getName()) + "\\b").matcher(message).find()) {
                return join(path, Keys.kebab(component.getName()));
            }
        }
        return path;
    }

    private static JsonNode yaml(final String text, final Slot slot) {
        if (text.isEmpty()) {
            return TextNode.valueOf("");
        }
        try {
            return YAML.readTree(text);
        } catch (final JsonProcessingException e) {
            throw new IllegalStateException("@Default of " + slot.path() + " is not YAML: " + text, e);
        }
    }

    private SpillwayException wrong(final String path, final String problem) {
        final String where = path.isEmpty() ? source : source + ": " + path;
        return SpillwayException.ofField(ErrorCode.INVALID_CONFIG, path, where + ": " + problem);
    }

    private static boolean absent(final JsonNode node) {
        return node.isNull() || node instanceof MissingNode;
    }

    static String join(final String path, final String key) {
        return path.isEmpty() ? key : path + "." + key;
    }

    static Class<?> rawType(final Type type) {
        return type instanceof final ParameterizedType parameterized ? (Class<?>) parameterized.getRawType() : (Class<?>) type;
    }

    static Type argument(final Type type, final int index) {
        return ((ParameterizedType) type).getActualTypeArguments()[index];
    }
}
