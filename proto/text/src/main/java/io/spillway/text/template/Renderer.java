package io.spillway.text.template;

import io.spillway.text.template.Statement.Parameters;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Runs statements: one rendering of one template. Owned by the rendering thread. */
final class Renderer {
    private enum Flow { ON, BREAK, CONTINUE }

    private final Meter meter;
    private final Evaluator evaluator;
    private int loopDepth;

    Renderer(final Meter meter, final Evaluator evaluator) {
        this.meter = meter;
        this.evaluator = evaluator;
    }

    void run(final List<Statement> body, final Scope scope, final StringBuilder out) {
        block(body, scope, out);
    }

    private Flow block(final List<Statement> body, final Scope scope, final StringBuilder out) {
        meter.nest();
        Flow flow = Flow.ON;
        for (int i = 0; i < body.size() && flow == Flow.ON; i++) {
            flow = statement(body.get(i), scope, out);
        }
        meter.unnest();
        return flow;
    }

    private Flow statement(final Statement statement, final Scope scope, final StringBuilder out) {
        meter.step(1);
        switch (statement) {
            case Statement.Text text -> write(text.text(), out);
            case Statement.Output output -> write(Values.text(evaluator.evaluate(output.value(), scope)), out);
            case Statement.If choice -> {
                return choose(choice, scope, out);
            }
            case Statement.For loop -> {
                return loop(loop, scope, out);
            }
            case Statement.Set set -> assign(set.target(), evaluator.evaluate(set.value(), scope), scope);
            case Statement.SetBlock set -> assign(set.target(), filtered(set.filters(), set.body(), scope), scope);
            case Statement.Macro macro -> scope.set(macro.name(), macro(macro.parameters(), macro.body(), scope));
            case Statement.CallBlock call -> write(Values.text(callBlock(call, scope)), out);
            case Statement.FilterBlock filter -> write(Values.text(filtered(filter.filters(), filter.body(), scope)), out);
            case Statement.With with -> {
                return with(with, scope, out);
            }
            case Statement.Group group -> {
                return block(group.body(), new Scope(scope), out);
            }
            case Statement.Break ignored -> {
                return Flow.BREAK;
            }
            case Statement.Continue ignored -> {
                return Flow.CONTINUE;
            }
        }
        return Flow.ON;
    }

    private void write(final String text, final StringBuilder out) {
        meter.output(text.length(), (long) out.length() + text.length());
        out.append(text);
    }

    private Flow choose(final Statement.If choice, final Scope scope, final StringBuilder out) {
        for (int i = 0; i < choice.conditions().size(); i++) {
            if (Values.truth(evaluator.evaluate(choice.conditions().get(i), scope))) {
                return block(choice.bodies().get(i), scope, out);
            }
        }
        return block(choice.otherwise(), scope, out);
    }

    private Flow loop(final Statement.For loop, final Scope scope, final StringBuilder out) {
        final List<Object> items = items(loop, scope);
        final LoopState state = new LoopState(items, ++loopDepth);
        Flow flow = Flow.ON;
        for (int i = 0; i < items.size() && flow != Flow.BREAK; i++) {
            final Scope inner = new Scope(scope);
            inner.set("loop", state);
            assign(loop.target(), state.advance(), inner);
            flow = block(loop.body(), inner, out);
        }
        loopDepth--;
        return items.isEmpty() ? block(loop.otherwise(), new Scope(scope), out) : Flow.ON;
    }

    private List<Object> items(final Statement.For loop, final Scope scope) {
        final List<Object> all = Values.iterate(evaluator.evaluate(loop.iterable(), scope));
        meter.items(all.size());
        final List<Object> kept = new ArrayList<>(all.size());
        for (final Object item : all) {
            if (loop.filter() != null) {
                final Scope inner = new Scope(scope);
                assign(loop.target(), item, inner);
                if (!Values.truth(evaluator.evaluate(loop.filter(), inner))) {
                    continue;
                }
            }
            kept.add(item);
        }
        return kept;
    }

    private void assign(final Expression target, final Object value, final Scope scope) {
        switch (target) {
            case Expression.Name name -> scope.set(name.name(), value);
            case Expression.Attribute attribute -> {
                evaluator.at(attribute.line());
                if (!(evaluator.evaluate(attribute.target(), scope) instanceof Namespace namespace)) {
                    throw new TemplateFault("only a namespace's attributes can be set");
                }
                namespace.set(attribute.name(), value);
            }
            case Expression.TupleOf tuple -> {
                final List<Object> values = Values.iterate(value);
                evaluator.at(tuple.line());
                if (values.size() != tuple.items().size()) {
                    throw new TemplateFault("expected " + tuple.items().size() + " values to unpack, got " + values.size());
                }
                for (int i = 0; i < values.size(); i++) {
                    assign(tuple.items().get(i), values.get(i), scope);
                }
            }
            default -> throw new TemplateFault("cannot assign to this", target.line());
        }
    }

    private Object filtered(final Expression filters, final List<Statement> body, final Scope scope) {
        final StringBuilder text = new StringBuilder();
        block(body, new Scope(scope), text);
        return filters == null ? text.toString() : evaluator.chain(filters, text.toString(), scope);
    }

    private Flow with(final Statement.With with, final Scope scope, final StringBuilder out) {
        final Scope inner = new Scope(scope);
        for (int i = 0; i < with.targets().size(); i++) {
            assign(with.targets().get(i), evaluator.evaluate(with.values().get(i), scope), inner);
        }
        return block(with.body(), inner, out);
    }

    private Object callBlock(final Statement.CallBlock block, final Scope scope) {
        final Arguments arguments = evaluator.arguments(block.call().arguments(), scope);
        final Map<String, Object> named = new LinkedHashMap<>(arguments.named());
        named.put("caller", macro(block.parameters(), block.body(), scope));
        return evaluator.call(evaluator.evaluate(block.call().target(), scope),
            new Arguments(arguments.positional(), named), block.call().line());
    }

    private Callable macro(final Parameters parameters, final List<Statement> body, final Scope outer) {
        return arguments -> {
            final Scope scope = new Scope(outer);
            bind(parameters, arguments, scope);
            final StringBuilder text = new StringBuilder();
            final int depth = loopDepth;
            loopDepth = 0;
            block(body, scope, text);
            loopDepth = depth;
            return text.toString();
        };
    }

    private void bind(final Parameters parameters, final Arguments arguments, final Scope scope) {
        final int count = parameters.names().size();
        final List<String> allowed = new ArrayList<>(parameters.names());
        allowed.add("caller");
        arguments.atMost(count, allowed.toArray(String[]::new));
        final int firstDefault = count - parameters.defaults().size();
        for (int i = 0; i < count; i++) {
            final String name = parameters.names().get(i);
            if (i < arguments.positional().size() || arguments.named().containsKey(name)) {
                scope.set(name, arguments.get(i, name, null));
            } else {
                scope.set(name, i < firstDefault
                    ? new Undefined(name) : evaluator.evaluate(parameters.defaults().get(i - firstDefault), scope));
            }
        }
        if (arguments.named().containsKey("caller")) {
            scope.set("caller", arguments.named().get("caller"));
        }
    }
}
