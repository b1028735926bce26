package io.spillway.text.template;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The tests there are ({@code is defined} and so on). An unknown one is a fault when the template is parsed. */
final class Tests {
    /** One test. */
    @FunctionalInterface
    private interface Test {
        boolean holds(Object value, Arguments arguments, Evaluator in);
    }

    private static final Map<String, Test> ALL = all();

    private Tests() {
    }

    static void require(final String name, final int line) {
        if (!ALL.containsKey(name)) {
            throw new TemplateFault("unknown test '" + name + "'", line);
        }
    }

    static boolean apply(final String name, final Object value, final Arguments arguments, final Evaluator in) {
        final Test test = ALL.get(name);
        if (test == null) {
            throw new TemplateFault("unknown test '" + name + "'");
        }
        return test.holds(value, arguments, in);
    }

    private static Map<String, Test> all() {
        final Map<String, Test> all = new HashMap<>();
        addTypes(all);
        addNumbers(all);
        addComparisons(all);
        return Map.copyOf(all);
    }

    private static void addTypes(final Map<String, Test> all) {
        plain(all, "defined", value -> !(value instanceof Undefined));
        plain(all, "undefined", value -> value instanceof Undefined);
        plain(all, "none", value -> value == null);
        plain(all, "string", value -> value instanceof String);
        plain(all, "mapping", value -> value instanceof Map);
        plain(all, "iterable", value -> value instanceof String || value instanceof List || value instanceof Map
            || value instanceof Undefined || value instanceof Generated);
        plain(all, "sequence", value -> value instanceof String || value instanceof List || value instanceof Map
            || value instanceof Undefined);
        plain(all, "callable", value -> value instanceof Callable || value instanceof Undefined);
        plain(all, "boolean", value -> value instanceof Boolean);
        plain(all, "true", value -> value instanceof Boolean flag && flag);
        plain(all, "false", value -> value instanceof Boolean flag && !flag);
        plain(all, "lower", value -> TextMethods.cased(Values.text(value), Character::isUpperCase));
        plain(all, "upper", value -> TextMethods.cased(Values.text(value), Character::isLowerCase));
    }

    private static void addNumbers(final Map<String, Test> all) {
        plain(all, "number", Values::isNumber);
        plain(all, "integer", value -> Values.isNumber(value) && !(value instanceof Boolean) && !(value instanceof Double));
        plain(all, "float", value -> value instanceof Double);
        plain(all, "odd", value -> Numbers.compare(Numbers.apply("%", value, 2L), 1L) == 0);
        plain(all, "even", value -> Numbers.compare(Numbers.apply("%", value, 2L), 0L) == 0);
        all.put("divisibleby", (value, arguments, in) ->
            Numbers.compare(Numbers.apply("%", value, arguments.atMost(1, "num").require(0, "num")), 0L) == 0);
    }

    private static void addComparisons(final Map<String, Test> all) {
        compare(all, "==", "==", "eq", "equalto");
        compare(all, "!=", "!=", "ne");
        compare(all, "<", "<", "lt", "lessthan");
        compare(all, "<=", "<=", "le");
        compare(all, ">", ">", "gt", "greaterthan");
        compare(all, ">=", ">=", "ge");
        compare(all, "in", "in");
        all.put("sameas", (value, arguments, in) -> sameAs(value, arguments.atMost(1, "other").require(0, "other")));
    }

    private static boolean sameAs(final Object value, final Object other) {
        return value == other || (value instanceof Boolean || value instanceof Long || value instanceof String) && value.equals(other);
    }

    private static void compare(final Map<String, Test> all, final String operator, final String... names) {
        for (final String name : names) {
            all.put(name, (value, arguments, in) ->
                in.operators().compare(operator, value, arguments.atMost(1, "other").require(0, "other")));
        }
    }

    private static void plain(final Map<String, Test> all, final String name, final java.util.function.Predicate<Object> test) {
        all.put(name, (value, arguments, in) -> {
            arguments.atMost(0);
            return test.test(value);
        });
    }
}
