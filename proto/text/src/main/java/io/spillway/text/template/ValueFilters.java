package io.spillway.text.template;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** Filters over single values and dicts. */
final class ValueFilters {
    private ValueFilters() {
    }

    static void addTo(final Map<String, Filters.Filter> all) {
        all.put("default", ValueFilters::fallback);
        all.put("d", ValueFilters::fallback);
        all.put("length", (value, arguments, in) -> Values.length(none(value, arguments)));
        all.put("count", (value, arguments, in) -> Values.length(none(value, arguments)));
        all.put("int", ValueFilters::integer);
        all.put("float", ValueFilters::real);
        all.put("abs", (value, arguments, in) -> absolute(none(value, arguments)));
        all.put("round", ValueFilters::round);
        all.put("items", ValueFilters::items);
        all.put("dictsort", ValueFilters::dictsort);
        all.put("attr", (value, arguments, in) -> in.attribute(value, arguments.atMost(1, "name").text(0, "name")));
    }

    private static Object none(final Object value, final Arguments arguments) {
        arguments.atMost(0);
        return value;
    }

    private static Object fallback(final Object value, final Arguments arguments, final Evaluator in) {
        arguments.atMost(2, "default_value", "boolean");
        final boolean falsy = Values.truth(arguments.get(1, "boolean", false));
        return value instanceof Undefined || falsy && !Values.truth(value) ? arguments.get(0, "default_value", "") : value;
    }

    private static Object integer(final Object value, final Arguments arguments, final Evaluator in) {
        arguments.atMost(2, "default", "base");
        final Object otherwise = arguments.get(0, "default", 0L);
        final int base = (int) Numbers.integer(arguments.get(1, "base", 10L));
        return switch (value) {
            case Long number -> number;
            case Boolean flag -> flag ? 1L : 0L;
            case Double real when !real.isNaN() && Math.abs(real) < Long.MAX_VALUE -> (long) real.doubleValue();
            case String text -> parsed(PythonText.strip(text).replace("_", ""), base, otherwise);
            case null, default -> otherwise;
        };
    }

    private static Object parsed(final String text, final int base, final Object otherwise) {
        try {
            return Long.parseLong(text, base);
        } catch (final NumberFormatException whole) {
            try {
                return (long) Double.parseDouble(text);
            } catch (final NumberFormatException real) {
                return otherwise;
            }
        }
    }

    private static Object real(final Object value, final Arguments arguments, final Evaluator in) {
        final Object otherwise = arguments.atMost(1, "default").get(0, "default", 0.0);
        if (Values.isNumber(value)) {
            return Numbers.real(value);
        }
        try {
            return value instanceof String text ? Double.valueOf(PythonText.strip(text)) : otherwise;
        } catch (final NumberFormatException e) {
            return otherwise;
        }
    }

    private static Object absolute(final Object value) {
        final Object negative = Numbers.negate(value);
        return Numbers.compare(value, 0L) < 0 ? negative : Numbers.negate(negative);
    }

    private static Object round(final Object value, final Arguments arguments, final Evaluator in) {
        arguments.atMost(2, "precision", "method");
        final int places = (int) Math.clamp(Numbers.integer(arguments.get(0, "precision", 0L)), -30, 30);
        final RoundingMode mode = switch (Values.text(arguments.get(1, "method", "common"))) {
            case "common" -> RoundingMode.HALF_EVEN;
            case "ceil" -> RoundingMode.CEILING;
            case "floor" -> RoundingMode.FLOOR;
            default -> throw new TemplateFault("method must be common, ceil or floor");
        };
        final BigDecimal rounded = new BigDecimal(Numbers.real(value)).setScale(places, mode);
        if (!(value instanceof Double real)) {
            return mode == RoundingMode.HALF_EVEN ? (Object) rounded.longValue() : rounded.doubleValue();
        }
        return Math.copySign(rounded.doubleValue(), real);
    }

    private static Object items(final Object value, final Arguments arguments, final Evaluator in) {
        arguments.atMost(0);
        return switch (value) {
            case Undefined ignored -> new Generated(List.of());
            case Map<?, ?> map -> new Generated(Values.items(map));
            case null, default -> throw new TemplateFault("'items' wants a dict, got " + Values.typeName(value));
        };
    }

    private static Object dictsort(final Object value, final Arguments arguments, final Evaluator in) {
        arguments.atMost(3, "case_sensitive", "by", "reverse");
        if (!(value instanceof Map<?, ?> map)) {
            throw new TemplateFault("'dictsort' wants a dict, got " + Values.typeName(value));
        }
        final boolean exact = Values.truth(arguments.get(0, "case_sensitive", false));
        final int place = switch (Values.text(arguments.get(1, "by", "key"))) {
            case "key" -> 0;
            case "value" -> 1;
            default -> throw new TemplateFault("'dictsort' sorts by 'key' or 'value'");
        };
        final Comparator<Object> order = Comparator.comparing(item -> ListFilters.sortKey(((Tuple) item).get(place), exact), Values::compare);
        final List<Object> items = new ArrayList<>(Values.items(map));
        in.meter().items(items.size());
        items.sort(Values.truth(arguments.get(2, "reverse", false)) ? order.reversed() : order);
        return items;
    }
}
