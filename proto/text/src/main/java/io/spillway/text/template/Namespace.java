package io.spillway.text.template;

import java.util.LinkedHashMap;
import java.util.Map;

/** What {@code namespace()} makes: the one object that a template may write to from inside a loop. */
final class Namespace {
    private final Map<String, Object> attributes = new LinkedHashMap<>();

    Namespace(final Map<String, Object> initial) {
        attributes.putAll(initial);
    }

    Object get(final String name) {
        return attributes.containsKey(name) ? attributes.get(name) : new Undefined(name);
    }

    void set(final String name, final Object value) {
        attributes.put(name, value);
    }
}
