package io.spillway.text.template;

import io.spillway.text.template.Expression.CallArguments;
import io.spillway.text.template.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Parses expressions: the operators, from the weakest binding to the strongest. What they bind is {@link PrimaryParser}'s. */
final class ExpressionParser {
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");

    private final TokenStream tokens;
    private final PrimaryParser primary;

    ExpressionParser(final TokenStream tokens) {
        this.tokens = tokens;
        this.primary = new PrimaryParser(tokens, this);
    }

    /** An expression; with commas outside brackets it is a tuple. */
    Expression tuple() {
        return tuple(true);
    }

    /** @param conditional whether {@code a if b else c} may stand here (not after {@code in} of a loop) */
    Expression tuple(final boolean conditional) {
        final int line = tokens.current().line();
        final Expression first = conditional ? expression() : or();
        if (!tokens.current().operator(",")) {
            return first;
        }
        final List<Expression> items = new ArrayList<>(List.of(first));
        while (tokens.skip(",") && !tupleEnds()) {
            items.add(conditional ? expression() : or());
        }
        return new Expression.TupleOf(items, line);
    }

    private boolean tupleEnds() {
        final Token token = tokens.current();
        return token.kind() == Kind.VARIABLE_END || token.kind() == Kind.BLOCK_END || token.operator(")") || token.operator("=");
    }

    Expression expression() {
        tokens.enter();
        try {
            Expression value = or();
            while (tokens.current().name("if")) {
                final int line = tokens.next().line();
                final Expression condition = or();
                final Expression otherwise = tokens.skipName("else") ? expression() : null;
                value = new Expression.Conditional(condition, value, otherwise, line);
            }
            return value;
        } finally {
            tokens.leave();
        }
    }

    Expression or() {
        Expression left = and();
        while (tokens.current().name("or")) {
            final int line = tokens.next().line();
            left = new Expression.Logic(false, left, and(), line);
        }
        return left;
    }

    private Expression and() {
        Expression left = not();
        while (tokens.current().name("and")) {
            final int line = tokens.next().line();
            left = new Expression.Logic(true, left, not(), line);
        }
        return left;
    }

    private Expression not() {
        if (!tokens.current().name("not")) {
            return compare();
        }
        final int line = tokens.next().line();
        tokens.enter();
        final Expression operand = not();
        tokens.leave();
        return new Expression.Not(operand, line);
    }

    private Expression compare() {
        final int line = tokens.current().line();
        final Expression first = sum();
        final List<String> operators = new ArrayList<>();
        final List<Expression> rest = new ArrayList<>();
        for (String operator = comparison(); operator != null; operator = comparison()) {
            operators.add(operator);
            rest.add(sum());
        }
        return operators.isEmpty() ? first : new Expression.Compare(first, operators, rest, line);
    }

    private String comparison() {
        final Token token = tokens.current();
        if (token.kind() == Kind.OPERATOR && COMPARISONS.contains(token.text())) {
            return tokens.next().text();
        }
        if (tokens.skipName("in")) {
            return "in";
        }
        if (token.name("not") && tokens.ahead().name("in")) {
            tokens.next();
            tokens.next();
            return "not in";
        }
        return null;
    }

    private Expression sum() {
        Expression left = concat();
        while (tokens.current().operator("+") || tokens.current().operator("-")) {
            final Token operator = tokens.next();
            left = new Expression.Binary(operator.text(), left, concat(), operator.line());
        }
        return left;
    }

    private Expression concat() {
        final Expression first = product();
        if (!tokens.current().operator("~")) {
            return first;
        }
        final int line = tokens.current().line();
        final List<Expression> parts = new ArrayList<>(List.of(first));
        while (tokens.skip("~")) {
            parts.add(product());
        }
        return new Expression.Concat(parts, line);
    }

    private Expression product() {
        Expression left = power();
        while (tokens.current().kind() == Kind.OPERATOR && Set.of("*", "/", "//", "%").contains(tokens.current().text())) {
            final Token operator = tokens.next();
            left = new Expression.Binary(operator.text(), left, power(), operator.line());
        }
        return left;
    }

    private Expression power() {
        Expression left = primary.unary(true);
        while (tokens.current().operator("**")) {
            final int line = tokens.next().line();
            left = new Expression.Binary("**", left, primary.unary(true), line);
        }
        return left;
    }

    /** The arguments of a call, a filter or a test; the opening bracket comes next. */
    CallArguments arguments() {
        tokens.expectOperator("(");
        final List<Expression> positional = new ArrayList<>();
        final List<String> names = new ArrayList<>();
        final List<Expression> named = new ArrayList<>();
        Expression star = null;
        Expression starStar = null;
        while (!tokens.current().operator(")")) {
            if (tokens.skip("*")) {
                star = expression();
            } else if (tokens.skip("**")) {
                starStar = expression();
            } else if (tokens.current().kind() == Kind.NAME && tokens.ahead().operator("=")) {
                names.add(tokens.next().text());
                tokens.next();
                named.add(expression());
            } else if (names.isEmpty() && star == null && starStar == null) {
                positional.add(expression());
            } else {
                throw tokens.unexpected("a named argument");
            }
            if (!tokens.current().operator(")")) {
                tokens.expectOperator(",");
            }
        }
        tokens.next();
        return new CallArguments(positional, names, named, star, starStar);
    }

    /** A filter chain without a target, as in {@code {% filter upper|trim %}}. */
    Expression filterChain() {
        return primary.filterChain();
    }

    /** What may be assigned to: a name, {@code name.attribute}, or names with commas. */
    Expression target() {
        final int line = tokens.current().line();
        final Expression first = oneTarget();
        if (!tokens.current().operator(",")) {
            return first;
        }
        final List<Expression> items = new ArrayList<>(List.of(first));
        while (tokens.skip(",") && !tokens.current().name("in") && !tokens.current().operator("=")) {
            items.add(oneTarget());
        }
        return new Expression.TupleOf(items, line);
    }

    private Expression oneTarget() {
        if (tokens.skip("(")) {
            final Expression inner = target();
            tokens.expectOperator(")");
            return inner instanceof Expression.TupleOf ? inner : new Expression.TupleOf(List.of(inner), inner.line());
        }
        final Token name = tokens.expect(Kind.NAME, "a name");
        final Expression.Name variable = new Expression.Name(name.text(), name.line());
        if (!tokens.skip(".")) {
            return variable;
        }
        return new Expression.Attribute(variable, tokens.expect(Kind.NAME, "a name").text(), name.line());
    }
}
