package io.spillway.text.template;

import java.util.ArrayList;
import java.util.List;

/** Python's binary operators, comparisons and slices over values. Charges the meter for what it makes. */
final class Operators {
    private final Meter meter;

    Operators(final Meter meter) {
        this.meter = meter;
    }

    Object binary(final String operator, final Object left, final Object right) {
        Values.refuseUndefined(left);
        Values.refuseUndefined(right);
        if (Values.isNumber(left) && Values.isNumber(right)) {
            return Numbers.apply(operator, left, right);
        }
        if (operator.equals("+") && left instanceof String a && right instanceof String b) {
            meter.chars((long) a.length() + b.length());
            return a.concat(b);
        }
        if (operator.equals("+") && left instanceof List<?> a && right instanceof List<?> b && a instanceof Tuple == b instanceof Tuple) {
            return joined(a, b);
        }
        if (operator.equals("*") && right instanceof Long times) {
            return repeated(left, times);
        }
        if (operator.equals("*") && left instanceof Long times) {
            return repeated(right, times);
        }
        throw new TemplateFault("'" + operator + "' does not take " + Values.typeName(left) + " and " + Values.typeName(right));
    }

    private Object joined(final List<?> left, final List<?> right) {
        meter.items((long) left.size() + right.size());
        final List<Object> all = new ArrayList<>(left);
        all.addAll(right);
        return left instanceof Tuple ? new Tuple(all) : all;
    }

    private Object repeated(final Object value, final long times) {
        final int count = (int) Math.clamp(times, 0, Integer.MAX_VALUE);
        if (value instanceof String text) {
            meter.chars((long) text.length() * count);
            return text.repeat(count);
        }
        if (value instanceof List<?> list) {
            meter.items((long) list.size() * count);
            final List<Object> all = new ArrayList<>();
            for (int i = 0; i < count && !list.isEmpty(); i++) {
                all.addAll(list);
            }
            return list instanceof Tuple ? new Tuple(all) : all;
        }
        throw new TemplateFault("'*' does not repeat a " + Values.typeName(value));
    }

    boolean compare(final String operator, final Object left, final Object right) {
        return switch (operator) {
            case "==" -> Values.equal(left, right);
            case "!=" -> !Values.equal(left, right);
            case "in" -> contains(right, left);
            case "not in" -> !contains(right, left);
            default -> ordered(operator, left, right);
        };
    }

    private boolean contains(final Object container, final Object item) {
        meter.step(container instanceof List<?> list ? list.size() : container instanceof String text ? text.length() / 64 : 1);
        return Values.contains(container, item);
    }

    private static boolean ordered(final String operator, final Object left, final Object right) {
        if (left instanceof Double a && Double.isNaN(a) || right instanceof Double b && Double.isNaN(b)) {
            return false;
        }
        final int order = Values.compare(left, right);
        return switch (operator) {
            case "<" -> order < 0;
            case "<=" -> order <= 0;
            case ">" -> order > 0;
            default -> order >= 0;
        };
    }

    /** @return the items that a slice takes, or undefined where the value cannot be sliced; bounds are null where left out */
    Object slice(final Object value, final Object start, final Object stop, final Object step) {
        final long by = step == null ? 1 : Numbers.integer(step);
        if (by == 0) {
            throw new TemplateFault("a slice's step is zero");
        }
        return switch (value) {
            case String text -> {
                final int[] points = text.codePoints().toArray();
                meter.chars(points.length);
                final StringBuilder out = new StringBuilder();
                for (final int i : places(points.length, start, stop, by)) {
                    out.appendCodePoint(points[i]);
                }
                yield out.toString();
            }
            case List<?> list -> {
                meter.items(list.size());
                final List<Object> out = new ArrayList<>();
                for (final int i : places(list.size(), start, stop, by)) {
                    out.add(list.get(i));
                }
                yield list instanceof Tuple ? new Tuple(out) : out;
            }
            case Undefined undefined -> throw undefined.fault();
            case null, default -> new Undefined("a slice of " + Values.typeName(value));
        };
    }

    private static int[] places(final int length, final Object start, final Object stop, final long by) {
        final long low = by > 0 ? 0 : -1;
        final long high = by > 0 ? length : length - 1L;
        final long from = start == null ? by > 0 ? low : high : bound(Numbers.integer(start), length, low, high);
        final long to = stop == null ? by > 0 ? high : low : bound(Numbers.integer(stop), length, low, high);
        final long count = by > 0 ? Math.max(0, (to - from + by - 1) / by) : Math.max(0, (from - to - by - 1) / -by);
        final int[] places = new int[(int) Math.min(count, length)];
        for (int i = 0; i < places.length; i++) {
            places[i] = (int) (from + i * by);
        }
        return places;
    }

    private static long bound(final long bound, final int length, final long low, final long high) {
        return Math.clamp(bound < 0 ? bound + length : bound, low, high);
    }
}
