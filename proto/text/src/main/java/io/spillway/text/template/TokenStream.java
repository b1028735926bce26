package io.spillway.text.template;

import io.spillway.text.template.Token.Kind;
import java.util.List;

/** A cursor over tokens, with the faults that parsers share. */
final class TokenStream {
    private static final int DEPTH = 200;

    private final List<Token> tokens;
    private int at;
    private int depth;

    TokenStream(final List<Token> tokens) {
        this.tokens = tokens;
    }

    Token current() {
        return tokens.get(at);
    }

    Token ahead() {
        return tokens.get(Math.min(at + 1, tokens.size() - 1));
    }

    Token next() {
        final Token token = tokens.get(at);
        at = Math.min(at + 1, tokens.size() - 1);
        return token;
    }

    boolean skip(final String operator) {
        final boolean found = current().operator(operator);
        if (found) {
            next();
        }
        return found;
    }

    boolean skipName(final String name) {
        final boolean found = current().name(name);
        if (found) {
            next();
        }
        return found;
    }

    Token expect(final Kind kind, final String what) {
        if (current().kind() != kind) {
            throw unexpected(what);
        }
        return next();
    }

    void expectOperator(final String operator) {
        if (!skip(operator)) {
            throw unexpected("'" + operator + "'");
        }
    }

    TemplateFault unexpected(final String wanted) {
        return new TemplateFault("expected " + wanted + ", found " + current().shown(), current().line());
    }

    /** Bounds recursion: a template of a million brackets must not exhaust the stack. */
    void enter() {
        if (++depth > DEPTH) {
            throw new TemplateFault("nests deeper than " + DEPTH, current().line());
        }
    }

    void leave() {
        depth--;
    }
}
