package io.spillway.text.template;

import java.util.HashMap;
import java.util.Map;

/** The filters there are. An unknown one is a fault when the template is parsed. */
final class Filters {
    /** One filter. */
    @FunctionalInterface
    interface Filter {
        Object apply(Object value, Arguments arguments, Evaluator in);
    }

    private static final Map<String, Filter> ALL = all();

    private Filters() {
    }

    private static Map<String, Filter> all() {
        final Map<String, Filter> all = new HashMap<>();
        TextFilters.addTo(all);
        ValueFilters.addTo(all);
        ListFilters.addTo(all);
        return Map.copyOf(all);
    }

    static void require(final String name, final int line) {
        if (!ALL.containsKey(name)) {
            throw new TemplateFault("unknown filter '" + name + "'", line);
        }
    }

    static Object apply(final String name, final Object value, final Arguments arguments, final Evaluator in) {
        final Filter filter = ALL.get(name);
        if (filter == null) {
            throw new TemplateFault("unknown filter '" + name + "'");
        }
        return filter.apply(value, arguments, in);
    }
}
