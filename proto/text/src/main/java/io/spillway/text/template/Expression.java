package io.spillway.text.template;

import java.util.List;

/** An expression of a template. Immutable. Lines are from 1. */
sealed interface Expression {
    int line();

    record Literal(Object value, int line) implements Expression {
    }

    record Name(String name, int line) implements Expression {
    }

    record ListOf(List<Expression> items, int line) implements Expression {
    }

    record TupleOf(List<Expression> items, int line) implements Expression {
    }

    record DictOf(List<Expression> keys, List<Expression> values, int line) implements Expression {
    }

    record Attribute(Expression target, String name, int line) implements Expression {
    }

    record Subscript(Expression target, Expression index, int line) implements Expression {
    }

    /** Bounds are null where left out. */
    record Slice(Expression start, Expression stop, Expression step, int line) implements Expression {
    }

    record Call(Expression target, CallArguments arguments, int line) implements Expression {
    }

    /** @param target null = what a filter block holds */
    record Filter(Expression target, String name, CallArguments arguments, int line) implements Expression {
    }

    record Test(Expression target, String name, CallArguments arguments, boolean negated, int line) implements Expression {
    }

    record Negate(Expression operand, boolean minus, int line) implements Expression {
    }

    record Not(Expression operand, int line) implements Expression {
    }

    record Binary(String operator, Expression left, Expression right, int line) implements Expression {
    }

    /** {@code and} when {@code all}, else {@code or}. The value is one of the operands, as in Python. */
    record Logic(boolean all, Expression left, Expression right, int line) implements Expression {
    }

    record Concat(List<Expression> parts, int line) implements Expression {
    }

    /** A chain: {@code a < b <= c}. There is one operator per element of rest. */
    record Compare(Expression first, List<String> operators, List<Expression> rest, int line) implements Expression {
    }

    /** @param otherwise null = undefined */
    record Conditional(Expression condition, Expression then, Expression otherwise, int line) implements Expression {
    }

    /** @param star null, or what stands after {@code *}; @param starStar likewise */
    record CallArguments(List<Expression> positional, List<String> names, List<Expression> named, Expression star, Expression starStar) {
        static final CallArguments NONE = new CallArguments(List.of(), List.of(), List.of(), null, null);
    }
}
