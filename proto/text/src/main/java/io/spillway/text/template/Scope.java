package io.spillway.text.template;

import java.util.HashMap;
import java.util.Map;

/** Names and their values; what is not here is looked for outside. Owned by the rendering thread. */
final class Scope {
    private final Scope outer;
    private final Map<String, Object> values = new HashMap<>();

    Scope(final Scope outer) {
        this.outer = outer;
    }

    void set(final String name, final Object value) {
        values.put(name, value);
    }

    Object get(final String name) {
        for (Scope scope = this; scope != null; scope = scope.outer) {
            final Object value = scope.values.get(name);
            if (value != null || scope.values.containsKey(name)) {
                return value;
            }
        }
        return new Undefined(name);
    }
}
