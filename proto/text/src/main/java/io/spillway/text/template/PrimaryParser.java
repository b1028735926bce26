package io.spillway.text.template;

import io.spillway.text.template.Expression.CallArguments;
import io.spillway.text.template.Token.Kind;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/** Parses literals, names and what follows them: attributes, subscripts, calls, filters, tests. */
final class PrimaryParser {
    private final TokenStream tokens;
    private final ExpressionParser expressions;

    PrimaryParser(final TokenStream tokens, final ExpressionParser expressions) {
        this.tokens = tokens;
        this.expressions = expressions;
    }

    /** @param filters whether filters and tests bind here: {@code -x|abs} negates first */
    Expression unary(final boolean filters) {
        final Token token = tokens.current();
        Expression value;
        tokens.enter();
        if (token.operator("-") || token.operator("+")) {
            tokens.next();
            value = new Expression.Negate(unary(false), token.operator("-"), token.line());
        } else {
            value = primary();
        }
        value = postfix(value);
        tokens.leave();
        return filters ? filtersAndTests(value) : value;
    }

    private Expression primary() {
        final Token token = tokens.next();
        return switch (token.kind()) {
            case NAME -> name(token);
            case STRING -> string(token);
            case INTEGER -> new Expression.Literal(integer(token.text()), token.line());
            case FLOAT -> new Expression.Literal(Double.valueOf(token.text()), token.line());
            default -> switch (token.text()) {
                case "(" -> bracketed(token.line());
                case "[" -> list(token.line());
                case "{" -> dict(token.line());
                default -> throw new TemplateFault("expected an expression, found " + token.shown(), token.line());
            };
        };
    }

    private static Object integer(final String digits) {
        final BigInteger value = new BigInteger(digits);
        return value.bitLength() < Long.SIZE ? (Object) value.longValue() : value;
    }

    private static Expression name(final Token token) {
        return switch (token.text()) {
            case "true", "True" -> new Expression.Literal(true, token.line());
            case "false", "False" -> new Expression.Literal(false, token.line());
            case "none", "None" -> new Expression.Literal(null, token.line());
            default -> new Expression.Name(token.text(), token.line());
        };
    }

    private Expression string(final Token first) {
        final StringBuilder text = new StringBuilder(first.text());
        while (tokens.current().kind() == Kind.STRING) {
            text.append(tokens.next().text());
        }
        return new Expression.Literal(text.toString(), first.line());
    }

    private Expression bracketed(final int line) {
        if (tokens.skip(")")) {
            return new Expression.TupleOf(List.of(), line);
        }
        final Expression inner = expressions.tuple();
        tokens.expectOperator(")");
        return inner;
    }

    private Expression list(final int line) {
        final List<Expression> items = new ArrayList<>();
        while (!tokens.current().operator("]")) {
            items.add(expressions.expression());
            if (!tokens.current().operator("]")) {
                tokens.expectOperator(",");
            }
        }
        tokens.next();
        return new Expression.ListOf(items, line);
    }

    private Expression dict(final int line) {
        final List<Expression> keys = new ArrayList<>();
        final List<Expression> values = new ArrayList<>();
        while (!tokens.current().operator("}")) {
            keys.add(expressions.expression());
            tokens.expectOperator(":");
            values.add(expressions.expression());
            if (!tokens.current().operator("}")) {
                tokens.expectOperator(",");
            }
        }
        tokens.next();
        return new Expression.DictOf(keys, values, line);
    }

    private Expression postfix(final Expression start) {
        Expression value = start;
        while (true) {
            final Token token = tokens.current();
            if (token.operator(".")) {
                tokens.next();
                value = attribute(value, token.line());
            } else if (token.operator("[")) {
                tokens.next();
                value = new Expression.Subscript(value, subscript(), token.line());
            } else if (token.operator("(")) {
                value = new Expression.Call(value, expressions.arguments(), token.line());
            } else {
                return value;
            }
        }
    }

    private Expression attribute(final Expression target, final int line) {
        final Token name = tokens.next();
        return switch (name.kind()) {
            case NAME -> new Expression.Attribute(target, name.text(), line);
            case INTEGER -> new Expression.Subscript(target, new Expression.Literal(integer(name.text()), line), line);
            default -> throw new TemplateFault("expected a name after '.', found " + name.shown(), line);
        };
    }

    private Expression subscript() {
        final int line = tokens.current().line();
        final List<Expression> parts = new ArrayList<>();
        do {
            parts.add(subscriptPart());
        } while (tokens.skip(",") && !tokens.current().operator("]"));
        tokens.expectOperator("]");
        return parts.size() == 1 ? parts.getFirst() : new Expression.TupleOf(parts, line);
    }

    private Expression subscriptPart() {
        final int line = tokens.current().line();
        final Expression start = tokens.current().operator(":") ? null : expressions.expression();
        if (!tokens.skip(":")) {
            return start;
        }
        final Expression stop = bound();
        final Expression step = tokens.skip(":") ? bound() : null;
        return new Expression.Slice(start, stop, step, line);
    }

    private Expression bound() {
        final Token token = tokens.current();
        return token.operator(":") || token.operator("]") || token.operator(",") ? null : expressions.expression();
    }

    private Expression filtersAndTests(final Expression start) {
        Expression value = start;
        while (true) {
            final Token token = tokens.current();
            if (token.operator("|")) {
                value = filter(value);
            } else if (token.name("is")) {
                value = test(value);
            } else if (token.operator("(")) {
                value = new Expression.Call(value, expressions.arguments(), token.line());
            } else {
                return value;
            }
        }
    }

    private Expression filter(final Expression target) {
        final int line = tokens.next().line();
        return namedFilter(target, line);
    }

    private Expression namedFilter(final Expression target, final int line) {
        final String name = dottedName();
        Filters.require(name, line);
        final CallArguments arguments = tokens.current().operator("(") ? expressions.arguments() : CallArguments.NONE;
        return new Expression.Filter(target, name, arguments, line);
    }

    Expression filterChain() {
        Expression value = namedFilter(null, tokens.current().line());
        while (tokens.current().operator("|")) {
            value = filter(value);
        }
        return value;
    }

    private String dottedName() {
        final StringBuilder name = new StringBuilder(tokens.expect(Kind.NAME, "a name").text());
        while (tokens.skip(".")) {
            name.append('.').append(tokens.expect(Kind.NAME, "a name").text());
        }
        return name.toString();
    }

    private Expression test(final Expression target) {
        final int line = tokens.next().line();
        final boolean negated = tokens.skipName("not");
        final String name = dottedName();
        Tests.require(name, line);
        final CallArguments arguments;
        if (tokens.current().operator("(")) {
            arguments = expressions.arguments();
        } else if (startsArgument(tokens.current())) {
            arguments = new CallArguments(List.of(postfix(primary())), List.of(), List.of(), null, null);
        } else {
            arguments = CallArguments.NONE;
        }
        return new Expression.Test(target, name, arguments, negated, line);
    }

    private static boolean startsArgument(final Token token) {
        return switch (token.kind()) {
            case STRING, INTEGER, FLOAT -> true;
            case OPERATOR -> token.text().equals("[") || token.text().equals("{");
            case NAME -> !List.of("else", "or", "and", "is", "if", "in", "not").contains(token.text());
            default -> false;
        };
    }
}
