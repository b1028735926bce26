package io.spillway.text.template;

import io.spillway.text.template.Statement.Parameters;
import io.spillway.text.template.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Parses a template's statements. A tag that it does not know is a fault, never skipped. */
final class StatementParser {
    private final TokenStream tokens;
    private final ExpressionParser expressions;
    private int loops;

    StatementParser(final List<Token> tokens) {
        this.tokens = new TokenStream(tokens);
        this.expressions = new ExpressionParser(this.tokens);
    }

    List<Statement> template() {
        final List<Statement> body = body(Set.of());
        if (tokens.current().kind() != Kind.END) {
            throw tokens.unexpected("a tag");
        }
        return body;
    }

    /** Reads up to a tag of one of those names; the cursor stands on the name. With no names: to the end. */
    private List<Statement> body(final Set<String> ends) {
        final List<Statement> body = new ArrayList<>();
        tokens.enter();
        while (true) {
            final Token token = tokens.current();
            switch (token.kind()) {
                case DATA -> body.add(new Statement.Text(tokens.next().text()));
                case VARIABLE_BEGIN -> {
                    tokens.next();
                    body.add(new Statement.Output(expressions.tuple()));
                    tokens.expect(Kind.VARIABLE_END, "'}}'");
                }
                case BLOCK_BEGIN -> {
                    tokens.next();
                    if (tokens.current().kind() == Kind.NAME && ends.contains(tokens.current().text())) {
                        tokens.leave();
                        return body;
                    }
                    body.add(statement());
                }
                default -> {
                    if (!ends.isEmpty()) {
                        throw tokens.unexpected("{% " + String.join(" %} or {% ", ends.stream().sorted().toList()) + " %}");
                    }
                    tokens.leave();
                    return body;
                }
            }
        }
    }

    /** Reads a body and its closing tag. */
    private List<Statement> bodyTo(final String end) {
        final List<Statement> body = body(Set.of(end));
        tokens.next();
        endOfTag();
        return body;
    }

    private void endOfTag() {
        tokens.expect(Kind.BLOCK_END, "'%}'");
    }

    private Statement statement() {
        final Token name = tokens.expect(Kind.NAME, "the name of a tag");
        return switch (name.text()) {
            case "if" -> ifs();
            case "for" -> loop();
            case "set" -> set();
            case "macro" -> macro();
            case "call" -> callBlock();
            case "filter" -> filterBlock();
            case "with" -> with();
            case "generation" -> generation();
            case "break", "continue" -> jump(name);
            default -> throw new TemplateFault("unknown tag '" + name.text() + "'", name.line());
        };
    }

    private Statement ifs() {
        final List<Expression> conditions = new ArrayList<>();
        final List<List<Statement>> bodies = new ArrayList<>();
        List<Statement> otherwise = List.of();
        boolean more = true;
        while (more) {
            conditions.add(expressions.tuple(false));
            endOfTag();
            bodies.add(body(Set.of("elif", "else", "endif")));
            more = tokens.skipName("elif");
        }
        if (tokens.skipName("else")) {
            endOfTag();
            otherwise = bodyTo("endif");
        } else {
            tokens.next();
            endOfTag();
        }
        return new Statement.If(conditions, bodies, otherwise);
    }

    private Statement loop() {
        final Expression target = expressions.target();
        if (!tokens.skipName("in")) {
            throw tokens.unexpected("'in'");
        }
        final Expression iterable = expressions.tuple(false);
        final Expression filter = tokens.skipName("if") ? expressions.expression() : null;
        endOfTag();
        loops++;
        final List<Statement> body = body(Set.of("else", "endfor"));
        loops--;
        List<Statement> otherwise = List.of();
        if (tokens.skipName("else")) {
            endOfTag();
            otherwise = bodyTo("endfor");
        } else {
            tokens.next();
            endOfTag();
        }
        return new Statement.For(target, iterable, filter, body, otherwise);
    }

    private Statement set() {
        final Expression target = expressions.target();
        if (tokens.skip("=")) {
            final Expression value = expressions.tuple();
            endOfTag();
            return new Statement.Set(target, value);
        }
        final Expression filters = tokens.skip("|") ? expressions.filterChain() : null;
        endOfTag();
        return new Statement.SetBlock(target, filters, bodyTo("endset"));
    }

    private Statement macro() {
        final String name = tokens.expect(Kind.NAME, "the macro's name").text();
        final Parameters parameters = parameters();
        endOfTag();
        return new Statement.Macro(name, parameters, outsideLoops("endmacro"));
    }

    /** A macro's body is a function: a break in it has no loop to end. */
    private List<Statement> outsideLoops(final String end) {
        final int outer = loops;
        loops = 0;
        final List<Statement> body = bodyTo(end);
        loops = outer;
        return body;
    }

    private Parameters parameters() {
        final List<String> names = new ArrayList<>();
        final List<Expression> defaults = new ArrayList<>();
        tokens.expectOperator("(");
        while (!tokens.skip(")")) {
            if (!names.isEmpty()) {
                tokens.expectOperator(",");
            }
            names.add(tokens.expect(Kind.NAME, "a parameter's name").text());
            if (tokens.skip("=")) {
                defaults.add(expressions.expression());
            } else if (!defaults.isEmpty()) {
                throw new TemplateFault("a parameter without a default follows one with a default", tokens.current().line());
            }
        }
        return new Parameters(names, defaults);
    }

    private Statement callBlock() {
        final int line = tokens.current().line();
        final Parameters parameters = tokens.current().operator("(") ? parameters() : new Parameters(List.of(), List.of());
        final Expression call = expressions.expression();
        if (!(call instanceof Expression.Call called)) {
            throw new TemplateFault("expected a call", line);
        }
        endOfTag();
        return new Statement.CallBlock(parameters, called, outsideLoops("endcall"));
    }

    private Statement filterBlock() {
        final Expression filters = expressions.filterChain();
        endOfTag();
        return new Statement.FilterBlock(filters, bodyTo("endfilter"));
    }

    private Statement with() {
        final List<Expression> targets = new ArrayList<>();
        final List<Expression> values = new ArrayList<>();
        while (tokens.current().kind() != Kind.BLOCK_END) {
            if (!targets.isEmpty()) {
                tokens.expectOperator(",");
            }
            final Token name = tokens.expect(Kind.NAME, "a name");
            targets.add(new Expression.Name(name.text(), name.line()));
            tokens.expectOperator("=");
            values.add(expressions.expression());
        }
        endOfTag();
        return new Statement.With(targets, values, bodyTo("endwith"));
    }

    private Statement generation() {
        endOfTag();
        return new Statement.Group(bodyTo("endgeneration"));
    }

    private Statement jump(final Token name) {
        endOfTag();
        if (loops == 0) {
            throw new TemplateFault("'" + name.text() + "' outside a loop", name.line());
        }
        return name.text().equals("break") ? new Statement.Break(name.line()) : new Statement.Continue(name.line());
    }
}
