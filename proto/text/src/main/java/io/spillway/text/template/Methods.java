package io.spillway.text.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Methods of dicts and lists; those of text are in {@link TextMethods}. */
final class Methods {
    private static final Set<String> FORBIDDEN_ON_DICTS = Set.of("clear", "pop", "popitem", "setdefault", "update");
    private static final Set<String> FORBIDDEN_ON_LISTS = Set.of("clear", "insert", "pop", "remove", "reverse", "sort");

    private Methods() {
    }

    /** @return the bound method, or null when values of that type have none of that name */
    static Callable of(final Object target, final String name, final Meter meter) {
        return switch (target) {
            case String text -> TextMethods.of(text, name, meter);
            case Map<?, ?> map -> ofDict(map, name, meter);
            case List<?> list -> ofList(list, name, meter);
            case null, default -> null;
        };
    }

    private static Callable ofDict(final Map<?, ?> map, final String name, final Meter meter) {
        return switch (name) {
            case "items" -> arguments -> charged(Values.items(map), arguments, meter);
            case "keys" -> arguments -> charged(new ArrayList<>(map.keySet()), arguments, meter);
            case "values" -> arguments -> charged(new ArrayList<>(map.values()), arguments, meter);
            case "get" -> arguments -> get(map, arguments);
            case "copy" -> arguments -> {
                meter.items(map.size());
                arguments.atMost(0);
                return new java.util.LinkedHashMap<>(map);
            };
            default -> forbidden(FORBIDDEN_ON_DICTS, name, "dict");
        };
    }

    private static Object charged(final List<Object> items, final Arguments arguments, final Meter meter) {
        arguments.atMost(0);
        meter.items(items.size());
        return items;
    }

    private static Object get(final Map<?, ?> map, final Arguments arguments) {
        arguments.atMost(2, "default");
        final Object key = arguments.require(0, "key");
        return map.containsKey(key) ? map.get(key) : arguments.get(1, "default", null);
    }

    private static Callable ofList(final List<?> list, final String name, final Meter meter) {
        return switch (name) {
            case "append" -> list instanceof Tuple ? null : arguments -> own(list).add(arguments.atMost(1).require(0, "object")) ? null : null;
            case "extend" -> list instanceof Tuple ? null : arguments -> {
                final List<Object> more = new ArrayList<>(Values.iterate(arguments.atMost(1).require(0, "iterable")));
                meter.items(more.size());
                own(list).addAll(more);
                return null;
            };
            case "index" -> arguments -> index(list, arguments.atMost(1).require(0, "value"), meter);
            case "count" -> arguments -> {
                meter.items(list.size());
                final Object wanted = arguments.atMost(1).require(0, "value");
                return list.stream().filter(item -> Values.equal(item, wanted)).count();
            };
            case "copy" -> arguments -> {
                meter.items(list.size());
                arguments.atMost(0);
                return new ArrayList<Object>(list);
            };
            default -> forbidden(FORBIDDEN_ON_LISTS, name, "list");
        };
    }

    /** A template may grow the lists that it made, never those that it was given. */
    @SuppressWarnings("unchecked")
    private static List<Object> own(final List<?> list) {
        if (list instanceof ArrayList<?>) {
            return (List<Object>) list;
        }
        throw new TemplateFault("a list that was handed to the template cannot be changed");
    }

    private static Object index(final List<?> list, final Object wanted, final Meter meter) {
        meter.items(list.size());
        for (int i = 0; i < list.size(); i++) {
            if (Values.equal(list.get(i), wanted)) {
                return (long) i;
            }
        }
        throw new TemplateFault("the value is not in the list");
    }

    private static Callable forbidden(final Set<String> names, final String name, final String type) {
        if (names.contains(name)) {
            return arguments -> {
                throw new TemplateFault("method '" + name + "' of " + type + " is not supported");
            };
        }
        return null;
    }
}
