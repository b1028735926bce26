package io.spillway.text.template;

import io.spillway.text.template.Expression.CallArguments;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Computes expressions within one rendering. Owned by the rendering thread. */
final class Evaluator {
    private final Meter meter;
    private final Operators operators;
    private int line = 1;

    Evaluator(final Meter meter) {
        this.meter = meter;
        this.operators = new Operators(meter);
    }

    /** @return where the evaluation has got to: the line that a fault names */
    int line() {
        return line;
    }

    void at(final int now) {
        line = now;
    }

    Meter meter() {
        return meter;
    }

    Operators operators() {
        return operators;
    }

    Object evaluate(final Expression expression, final Scope scope) {
        meter.step(1);
        meter.nest();
        final Object value = compute(expression, scope);
        meter.unnest();
        line = expression.line();
        return value;
    }

    private Object compute(final Expression expression, final Scope scope) {
        line = expression.line();
        return switch (expression) {
            case Expression.Literal literal -> literal.value();
            case Expression.Name name -> name(name.name(), scope);
            case Expression.ListOf list -> all(list.items(), scope);
            case Expression.TupleOf tuple -> new Tuple(all(tuple.items(), scope));
            case Expression.DictOf dict -> dict(dict, scope);
            case Expression.Attribute attribute -> attribute(evaluate(attribute.target(), scope), attribute.name());
            case Expression.Subscript subscript -> subscript(subscript, scope);
            case Expression.Slice ignored -> throw new TemplateFault("a slice stands outside a subscript");
            case Expression.Call call -> call(evaluate(call.target(), scope), arguments(call.arguments(), scope), call.line());
            case Expression.Filter filter -> filter(filter, evaluate(filter.target(), scope), scope);
            case Expression.Test test -> test(test, scope);
            case Expression.Negate negate -> negate(negate, scope);
            case Expression.Not not -> !Values.truth(evaluate(not.operand(), scope));
            case Expression.Binary binary -> binary(binary, scope);
            case Expression.Logic logic -> logic(logic, scope);
            case Expression.Concat concat -> concat(concat, scope);
            case Expression.Compare compare -> compare(compare, scope);
            case Expression.Conditional conditional -> conditional(conditional, scope);
        };
    }

    private static Object name(final String name, final Scope scope) {
        final Object value = scope.get(name);
        if (value instanceof Undefined && (name.equals("varargs") || name.equals("kwargs"))) {
            throw new TemplateFault("'" + name + "' is not supported");
        }
        return value;
    }

    private List<Object> all(final List<Expression> items, final Scope scope) {
        final List<Object> values = new ArrayList<>(items.size());
        for (final Expression item : items) {
            values.add(evaluate(item, scope));
        }
        return values;
    }

    private Object dict(final Expression.DictOf dict, final Scope scope) {
        final Map<Object, Object> values = new LinkedHashMap<>();
        for (int i = 0; i < dict.keys().size(); i++) {
            values.put(Values.key(evaluate(dict.keys().get(i), scope)), evaluate(dict.values().get(i), scope));
        }
        return values;
    }

    /** {@code value.name}: a method first, then an item of that name, as Jinja does. */
    Object attribute(final Object target, final String name) {
        Values.refuseUndefined(target);
        final Callable method = Methods.of(target, name, meter);
        if (method != null) {
            return method;
        }
        return switch (target) {
            case Map<?, ?> map when map.containsKey(name) -> map.get(name);
            case Namespace namespace -> namespace.get(name);
            case LoopState loop -> loop.get(name);
            case null, default -> new Undefined(name);
        };
    }

    private Object subscript(final Expression.Subscript subscript, final Scope scope) {
        final Object target = evaluate(subscript.target(), scope);
        if (subscript.index() instanceof Expression.Slice slice) {
            return operators.slice(target, bound(slice.start(), scope), bound(slice.stop(), scope), bound(slice.step(), scope));
        }
        return item(target, evaluate(subscript.index(), scope));
    }

    private Object bound(final Expression bound, final Scope scope) {
        return bound == null ? null : evaluate(bound, scope);
    }

    /** {@code value[key]}: an item first, then an attribute of that name, as Jinja does. */
    Object item(final Object target, final Object key) {
        Values.refuseUndefined(target);
        if (target instanceof Map<?, ?> map && map.containsKey(key)) {
            return map.get(key);
        }
        if (key instanceof Long || key instanceof Boolean) {
            return element(target, Numbers.integer(key));
        }
        return key instanceof String name ? attribute(target, name) : new Undefined(PythonText.str(key));
    }

    private static Object element(final Object target, final long index) {
        final long size = target instanceof List<?> || target instanceof String ? Values.length(target) : 0;
        final long place = index < 0 ? index + size : index;
        if (place < 0 || place >= size) {
            return new Undefined("item " + index);
        }
        return target instanceof List<?> list
            ? list.get((int) place)
            : Character.toString(((String) target).codePointAt(((String) target).offsetByCodePoints(0, (int) place)));
    }

    Object call(final Object target, final Arguments arguments, final int callLine) {
        line = callLine;
        Values.refuseUndefined(target);
        if (!(target instanceof Callable callable)) {
            throw new TemplateFault("a value of type " + Values.typeName(target) + " cannot be called");
        }
        meter.enter();
        final Object value = callable.call(arguments);
        meter.leave();
        return value;
    }

    Arguments arguments(final CallArguments arguments, final Scope scope) {
        if (arguments == CallArguments.NONE) {
            return Arguments.NONE;
        }
        final List<Object> positional = all(arguments.positional(), scope);
        final Map<String, Object> named = new LinkedHashMap<>();
        for (int i = 0; i < arguments.names().size(); i++) {
            named.put(arguments.names().get(i), evaluate(arguments.named().get(i), scope));
        }
        if (arguments.star() != null) {
            positional.addAll(Values.iterate(evaluate(arguments.star(), scope)));
        }
        if (arguments.starStar() != null) {
            if (!(evaluate(arguments.starStar(), scope) instanceof Map<?, ?> more)) {
                throw new TemplateFault("'**' wants a dict");
            }
            more.forEach((key, value) -> named.put(PythonText.str(key), value));
        }
        return new Arguments(positional, named);
    }

    private Object filter(final Expression.Filter filter, final Object value, final Scope scope) {
        final Arguments arguments = arguments(filter.arguments(), scope);
        line = filter.line();
        return Filters.apply(filter.name(), value, arguments, this);
    }

    /** Runs text through a chain whose innermost filter has no target of its own. */
    Object chain(final Expression chain, final String text, final Scope scope) {
        final Expression.Filter filter = (Expression.Filter) chain;
        return filter(filter, filter.target() == null ? text : chain(filter.target(), text, scope), scope);
    }

    private Object test(final Expression.Test test, final Scope scope) {
        final Object value = evaluate(test.target(), scope);
        final Arguments arguments = arguments(test.arguments(), scope);
        line = test.line();
        return Tests.apply(test.name(), value, arguments, this) != test.negated();
    }

    private Object negate(final Expression.Negate negate, final Scope scope) {
        final Object value = evaluate(negate.operand(), scope);
        Values.refuseUndefined(value);
        if (!Values.isNumber(value)) {
            throw new TemplateFault("a sign does not go with a " + Values.typeName(value));
        }
        return negate.minus() ? Numbers.negate(value) : Numbers.negate(Numbers.negate(value));
    }

    private Object binary(final Expression.Binary binary, final Scope scope) {
        final Object left = evaluate(binary.left(), scope);
        final Object right = evaluate(binary.right(), scope);
        line = binary.line();
        return operators.binary(binary.operator(), left, right);
    }

    private Object logic(final Expression.Logic logic, final Scope scope) {
        final Object left = evaluate(logic.left(), scope);
        return Values.truth(left) == logic.all() ? evaluate(logic.right(), scope) : left;
    }

    private Object concat(final Expression.Concat concat, final Scope scope) {
        final StringBuilder text = new StringBuilder();
        for (final Expression part : concat.parts()) {
            text.append(Values.text(evaluate(part, scope)));
            meter.chars(text.length());
        }
        return text.toString();
    }

    private Object compare(final Expression.Compare compare, final Scope scope) {
        Object left = evaluate(compare.first(), scope);
        for (int i = 0; i < compare.operators().size(); i++) {
            final Object right = evaluate(compare.rest().get(i), scope);
            if (!operators.compare(compare.operators().get(i), left, right)) {
                return false;
            }
            left = right;
        }
        return true;
    }

    private Object conditional(final Expression.Conditional conditional, final Scope scope) {
        if (Values.truth(evaluate(conditional.condition(), scope))) {
            return evaluate(conditional.then(), scope);
        }
        return conditional.otherwise() == null
            ? new Undefined("an inline if without else")
            : evaluate(conditional.otherwise(), scope);
    }
}
