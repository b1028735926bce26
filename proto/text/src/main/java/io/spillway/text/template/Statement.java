package io.spillway.text.template;

import java.util.List;

/** A statement of a template. Immutable. */
sealed interface Statement {
    record Text(String text) implements Statement {
    }

    record Output(Expression value) implements Statement {
    }

    /** Bodies has one element per condition. */
    record If(List<Expression> conditions, List<List<Statement>> bodies, List<Statement> otherwise) implements Statement {
    }

    /** @param filter null = every item */
    record For(Expression target, Expression iterable, Expression filter, List<Statement> body, List<Statement> otherwise)
        implements Statement {
    }

    record Set(Expression target, Expression value) implements Statement {
    }

    /** @param filters the chain that the text runs through, or null */
    record SetBlock(Expression target, Expression filters, List<Statement> body) implements Statement {
    }

    record Macro(String name, Parameters parameters, List<Statement> body) implements Statement {
    }

    record CallBlock(Parameters parameters, Expression.Call call, List<Statement> body) implements Statement {
    }

    record FilterBlock(Expression filters, List<Statement> body) implements Statement {
    }

    record With(List<Expression> targets, List<Expression> values, List<Statement> body) implements Statement {
    }

    /** A block that only marks its text: {@code generation}. */
    record Group(List<Statement> body) implements Statement {
    }

    record Break(int line) implements Statement {
    }

    record Continue(int line) implements Statement {
    }

    /** Defaults belong to the last names. */
    record Parameters(List<String> names, List<Expression> defaults) {
    }
}
