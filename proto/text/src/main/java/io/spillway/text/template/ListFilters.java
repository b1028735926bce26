package io.spillway.text.template;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;

/** Filters over sequences. */
final class ListFilters {
    private ListFilters() {
    }

    static void addTo(final Map<String, Filters.Filter> all) {
        all.put("list", (value, arguments, in) -> new ArrayList<>(walk(value, arguments.atMost(0), in)));
        all.put("first", (value, arguments, in) -> edge(walk(value, arguments.atMost(0), in), true));
        all.put("last", (value, arguments, in) -> edge(walk(value, arguments.atMost(0), in), false));
        all.put("reverse", ListFilters::reverse);
        all.put("map", ListFilters::map);
        all.put("select", (value, arguments, in) -> select(value, in, test(arguments, 0, in)));
        all.put("reject", (value, arguments, in) -> select(value, in, test(arguments, 0, in).negate()));
        all.put("selectattr", (value, arguments, in) -> select(value, in, attributeTest(arguments, in)));
        all.put("rejectattr", (value, arguments, in) -> select(value, in, attributeTest(arguments, in).negate()));
        all.put("sort", ListFilters::sort);
        all.put("unique", ListFilters::unique);
        all.put("sum", ListFilters::sum);
        all.put("min", (value, arguments, in) -> extreme(value, arguments, in, -1));
        all.put("max", (value, arguments, in) -> extreme(value, arguments, in, 1));
        all.put("batch", ListFilters::batch);
    }

    private static List<Object> walk(final Object value, final Arguments ignored, final Evaluator in) {
        final List<Object> items = Values.iterate(value);
        in.meter().items(items.size());
        return items;
    }

    private static Object edge(final List<Object> items, final boolean first) {
        return items.isEmpty() ? new Undefined("the edge of an empty sequence") : first ? items.getFirst() : items.getLast();
    }

    private static Object reverse(final Object value, final Arguments arguments, final Evaluator in) {
        arguments.atMost(0);
        return value instanceof String text
            ? new StringBuilder(text).reverse().toString()
            : new Generated(new ArrayList<>(walk(value, arguments, in).reversed()));
    }

    /** @param path an index, or names with dots: {@code function.name} */
    static Object path(final Object item, final Object path, final Evaluator in) {
        if (path instanceof Long index) {
            return in.item(item, index);
        }
        Object value = item;
        for (final String part : Values.text(path).split("\\.", -1)) {
            final boolean digits = !part.isEmpty() && part.chars().allMatch(c -> c >= '0' && c <= '9');
            value = in.item(value, digits ? (Object) Long.valueOf(part) : part);
        }
        return value;
    }

    private static Object map(final Object value, final Arguments arguments, final Evaluator in) {
        final List<Object> out = new ArrayList<>();
        final List<Object> items = walk(value, arguments, in);
        if (arguments.positional().isEmpty()) {
            arguments.atMost(0, "attribute", "default");
            if (!arguments.named().containsKey("attribute")) {
                throw new TemplateFault("'map' wants a filter's name or 'attribute'");
            }
            final Object attribute = arguments.named().get("attribute");
            for (final Object item : items) {
                final Object found = path(item, attribute, in);
                out.add(found instanceof Undefined ? arguments.get(-1, "default", found) : found);
            }
            return new Generated(out);
        }
        final String filter = arguments.text(0, "filter");
        items.forEach(item -> out.add(Filters.apply(filter, item, arguments.from(1), in)));
        return new Generated(out);
    }

    private static Object select(final Object value, final Evaluator in, final Predicate<Object> wanted) {
        return new Generated(new ArrayList<>(walk(value, Arguments.NONE, in).stream().filter(wanted).toList()));
    }

    private static Predicate<Object> test(final Arguments arguments, final int from, final Evaluator in) {
        if (arguments.positional().size() <= from) {
            arguments.atMost(from);
            return Values::truth;
        }
        final String name = arguments.text(from, "test");
        final Arguments rest = arguments.from(from + 1);
        return item -> Tests.apply(name, item, rest, in);
    }

    private static Predicate<Object> attributeTest(final Arguments arguments, final Evaluator in) {
        final Object attribute = arguments.require(0, "attribute");
        final Predicate<Object> test = test(arguments, 1, in);
        return item -> test.test(path(item, attribute, in));
    }

    static Object sortKey(final Object value, final boolean exact) {
        return value instanceof String text && !exact ? text.toLowerCase(Locale.ROOT) : value;
    }

    private static Object keyOf(final Object item, final Object attribute, final boolean exact, final Evaluator in) {
        return sortKey(attribute == null ? item : path(item, attribute, in), exact);
    }

    private static Object sort(final Object value, final Arguments arguments, final Evaluator in) {
        arguments.atMost(3, "reverse", "case_sensitive", "attribute");
        final boolean exact = Values.truth(arguments.get(1, "case_sensitive", false));
        final Object attribute = arguments.get(2, "attribute", null);
        final Comparator<Object> order = Comparator.comparing(item -> keyOf(item, attribute, exact, in), Values::compare);
        final List<Object> sorted = new ArrayList<>(walk(value, arguments, in));
        sorted.sort(Values.truth(arguments.get(0, "reverse", false)) ? order.reversed() : order);
        return sorted;
    }

    private static Object unique(final Object value, final Arguments arguments, final Evaluator in) {
        arguments.atMost(2, "case_sensitive", "attribute");
        final boolean exact = Values.truth(arguments.get(0, "case_sensitive", false));
        final Object attribute = arguments.get(1, "attribute", null);
        final List<Object> keys = new ArrayList<>();
        final List<Object> kept = new ArrayList<>();
        for (final Object item : walk(value, arguments, in)) {
            final Object key = keyOf(item, attribute, exact, in);
            in.meter().items(keys.size());
            if (keys.stream().noneMatch(other -> Values.equal(other, key))) {
                keys.add(key);
                kept.add(item);
            }
        }
        return new Generated(kept);
    }

    private static Object sum(final Object value, final Arguments arguments, final Evaluator in) {
        arguments.atMost(2, "attribute", "start");
        final Object attribute = arguments.get(0, "attribute", null);
        Object total = arguments.get(1, "start", 0L);
        for (final Object item : walk(value, arguments, in)) {
            total = in.operators().binary("+", total, attribute == null ? item : path(item, attribute, in));
        }
        return total;
    }

    private static Object extreme(final Object value, final Arguments arguments, final Evaluator in, final int sign) {
        arguments.atMost(2, "case_sensitive", "attribute");
        final boolean exact = Values.truth(arguments.get(0, "case_sensitive", false));
        final Object attribute = arguments.get(1, "attribute", null);
        Object best = new Undefined("the extreme of an empty sequence");
        for (final Object item : walk(value, arguments, in)) {
            if (best instanceof Undefined
                || sign * Values.compare(keyOf(item, attribute, exact, in), keyOf(best, attribute, exact, in)) > 0) {
                best = item;
            }
        }
        return best;
    }

    private static Object batch(final Object value, final Arguments arguments, final Evaluator in) {
        arguments.atMost(2, "linecount", "fill_with");
        final int size = (int) Math.clamp(Numbers.integer(arguments.require(0, "linecount")), 1, Integer.MAX_VALUE);
        final Object fill = arguments.get(1, "fill_with", null);
        final List<Object> items = walk(value, arguments, in);
        final List<Object> batches = new ArrayList<>();
        for (int from = 0; from < items.size(); from += size) {
            final List<Object> batch = new ArrayList<>(items.subList(from, Math.min(items.size(), from + size)));
            in.meter().items(fill == null ? 0 : size - batch.size());
            while (fill != null && batch.size() < size) {
                batch.add(fill);
            }
            batches.add(batch);
        }
        return new Generated(batches);
    }
}
