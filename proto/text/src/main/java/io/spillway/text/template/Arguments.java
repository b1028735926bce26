package io.spillway.text.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Evaluated arguments of a call, a filter or a test. */
record Arguments(List<Object> positional, Map<String, Object> named) {
    static final Arguments NONE = new Arguments(List.of(), Map.of());

    /** @return the argument at that place or of that name, or the fallback */
    Object get(final int index, final String name, final Object fallback) {
        if (index >= 0 && index < positional.size()) {
            return positional.get(index);
        }
        return named.containsKey(name) ? named.get(name) : fallback;
    }

    /** @throws TemplateFault when it is missing */
    Object require(final int index, final String name) {
        if (index >= positional.size() && !named.containsKey(name)) {
            throw new TemplateFault("argument '" + name + "' is missing");
        }
        return get(index, name, null);
    }

    String text(final int index, final String name) {
        return Values.text(require(index, name));
    }

    /** Refuses arguments that nobody reads, so that none is silently without effect. */
    Arguments atMost(final int count, final String... names) {
        if (positional.size() > count) {
            throw new TemplateFault("takes at most " + count + " arguments, got " + positional.size());
        }
        for (final String name : named.keySet()) {
            if (!List.of(names).contains(name)) {
                throw new TemplateFault("has no argument '" + name + "'");
            }
        }
        return this;
    }

    /** @return the same without the first {@code count} positional ones */
    Arguments from(final int count) {
        return new Arguments(new ArrayList<>(positional.subList(Math.min(count, positional.size()), positional.size())), named);
    }
}
