package io.spillway.text.template;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Python's rules for values: truth, equality, order, membership, length, iteration. A value is null (None), Boolean, Long, BigInteger,
 * Double, String, List, {@link Tuple}, Map, {@link Undefined}, {@link Generated}, {@link Namespace}, {@link LoopState} or
 * {@link Callable}. Pure, but for generators, which it empties.
 */
final class Values {
    private static final int MAX_DEPTH = 100;

    private Values() {
    }

    /** Takes over JSON-like Java values; the copies cannot be written to by a template. */
    static Object fromJava(final Object value) {
        return fromJava(value, 0);
    }

    private static Object fromJava(final Object value, final int depth) {
        if (depth > MAX_DEPTH) {
            throw new TemplateFault("a value nests deeper than " + MAX_DEPTH);
        }
        return switch (value) {
            case null -> null;
            case String text -> text;
            case Boolean flag -> flag;
            case Double real -> real;
            case Float real -> real.doubleValue();
            case java.math.BigDecimal real -> real.doubleValue();
            case BigInteger number -> number.bitLength() < Long.SIZE ? (Object) number.longValue() : number;
            case Number number -> number.longValue();
            case Map<?, ?> map -> {
                final Map<Object, Object> copy = new LinkedHashMap<>();
                map.forEach((key, item) -> copy.put(fromJava(key, depth + 1), fromJava(item, depth + 1)));
                yield Collections.unmodifiableMap(copy);
            }
            case Collection<?> items -> {
                final List<Object> copy = new ArrayList<>(items.size());
                items.forEach(item -> copy.add(fromJava(item, depth + 1)));
                yield Collections.unmodifiableList(copy);
            }
            default -> throw new TemplateFault("a value of type " + value.getClass().getSimpleName() + " cannot go into a template");
        };
    }

    static String text(final Object value) {
        return PythonText.str(value);
    }

    static String typeName(final Object value) {
        return switch (value) {
            case null -> "NoneType";
            case Boolean ignored -> "bool";
            case Long ignored -> "int";
            case BigInteger ignored -> "int";
            case Double ignored -> "float";
            case String ignored -> "str";
            case Tuple ignored -> "tuple";
            case List<?> ignored -> "list";
            case Map<?, ?> ignored -> "dict";
            case Generated ignored -> "generator";
            case Undefined ignored -> "Undefined";
            case Namespace ignored -> "Namespace";
            case LoopState ignored -> "LoopContext";
            default -> "function";
        };
    }

    static boolean truth(final Object value) {
        return switch (value) {
            case null -> false;
            case Boolean flag -> flag;
            case Long number -> number != 0;
            case Double real -> real != 0;
            case String text -> !text.isEmpty();
            case List<?> list -> !list.isEmpty();
            case Map<?, ?> map -> !map.isEmpty();
            case Undefined ignored -> false;
            default -> true;
        };
    }

    static boolean isNumber(final Object value) {
        return value instanceof Long || value instanceof Double || value instanceof Boolean || value instanceof BigInteger;
    }

    static boolean equal(final Object left, final Object right) {
        if (left == right) {
            return true;
        }
        if (isNumber(left) && isNumber(right)) {
            return Numbers.compare(left, right) == 0;
        }
        return switch (left) {
            case null -> false;
            case Undefined ignored -> right instanceof Undefined;
            case List<?> list -> right instanceof List<?> other && list instanceof Tuple == other instanceof Tuple && equalItems(list, other);
            case Map<?, ?> map -> right instanceof Map<?, ?> other && equalEntries(map, other);
            default -> left.equals(right);
        };
    }

    private static boolean equalItems(final List<?> left, final List<?> right) {
        if (left.size() != right.size()) {
            return false;
        }
        for (int i = 0; i < left.size(); i++) {
            if (!equal(left.get(i), right.get(i))) {
                return false;
            }
        }
        return true;
    }

    private static boolean equalEntries(final Map<?, ?> left, final Map<?, ?> right) {
        return left.size() == right.size() && left.entrySet().stream().allMatch(
            entry -> right.containsKey(entry.getKey()) && equal(entry.getValue(), right.get(entry.getKey())));
    }

    /** @throws TemplateFault when Python has no order between the two */
    static int compare(final Object left, final Object right) {
        if (isNumber(left) && isNumber(right)) {
            return Numbers.compare(left, right);
        }
        if (left instanceof String a && right instanceof String b) {
            return compareText(a, b);
        }
        if (left instanceof List<?> a && right instanceof List<?> b && a instanceof Tuple == b instanceof Tuple) {
            for (int i = 0; i < Math.min(a.size(), b.size()); i++) {
                if (!equal(a.get(i), b.get(i))) {
                    return compare(a.get(i), b.get(i));
                }
            }
            return Integer.compare(a.size(), b.size());
        }
        refuseUndefined(left);
        refuseUndefined(right);
        throw new TemplateFault("cannot order " + typeName(left) + " and " + typeName(right));
    }

    /** By code point: UTF-16 order differs above U+D7FF. */
    private static int compareText(final String left, final String right) {
        int i = 0;
        while (i < left.length() && i < right.length()) {
            final int a = left.codePointAt(i);
            final int b = right.codePointAt(i);
            if (a != b) {
                return Integer.compare(a, b);
            }
            i += Character.charCount(a);
        }
        return Integer.compare(left.length(), right.length());
    }

    static void refuseUndefined(final Object value) {
        if (value instanceof Undefined undefined) {
            throw undefined.fault();
        }
    }

    /** @return the value, which can be a dict's key */
    static Object key(final Object value) {
        if (value instanceof Map || value instanceof List && !(value instanceof Tuple)) {
            throw new TemplateFault("a " + typeName(value) + " cannot be a key");
        }
        return value;
    }

    static boolean contains(final Object container, final Object item) {
        return switch (container) {
            case String text -> {
                if (!(item instanceof String part)) {
                    throw new TemplateFault("'in' a text wants a text, not " + typeName(item));
                }
                yield text.contains(part);
            }
            case Map<?, ?> map -> map.containsKey(key(item));
            case null, default -> iterate(container).stream().anyMatch(other -> equal(other, item));
        };
    }

    static long length(final Object value) {
        return switch (value) {
            case String text -> text.codePointCount(0, text.length());
            case List<?> list -> list.size();
            case Map<?, ?> map -> map.size();
            case Undefined ignored -> 0;
            case null, default -> throw new TemplateFault("a value of type " + typeName(value) + " has no length");
        };
    }

    @SuppressWarnings("unchecked")
    static List<Object> iterate(final Object value) {
        return switch (value) {
            case List<?> list -> (List<Object>) list;
            case Map<?, ?> map -> new ArrayList<>(map.keySet());
            case String text -> new ArrayList<>(text.codePoints().mapToObj(Character::toString).toList());
            case Generated generated -> generated.take();
            case Undefined ignored -> List.of();
            case null, default -> throw new TemplateFault("a value of type " + typeName(value) + " cannot be iterated");
        };
    }

    /** @return (key, value) tuples, in order */
    static List<Object> items(final Map<?, ?> map) {
        final List<Object> items = new ArrayList<>(map.size());
        map.forEach((key, value) -> items.add(Tuple.of(key, value)));
        return items;
    }
}
