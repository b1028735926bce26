package io.spillway.text.template;

import io.spillway.text.template.Token.Kind;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** Reads the tokens inside one tag. */
final class TagLexer {
    private static final List<String> OPERATORS = List.of(
        "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",");

    private final String source;
    private final List<Token> out;
    private int at;
    private int line;

    TagLexer(final String source, final List<Token> out) {
        this.source = source;
        this.out = out;
    }

    /**
     * @param begin after the opening mark
     * @param type  <code>{</code> or {@code %}
     * @return where the closing mark begins
     */
    int read(final int begin, final char type, final int startLine) {
        at = begin;
        line = startLine;
        final boolean variable = type == '{';
        out.add(new Token(variable ? Kind.VARIABLE_BEGIN : Kind.BLOCK_BEGIN, variable ? "{{" : "{%", line));
        final String close = variable ? "}}" : "%}";
        final Deque<Character> open = new ArrayDeque<>();
        while (true) {
            skipSpace();
            if (at >= source.length()) {
                throw new TemplateFault("a tag does not end", startLine);
            }
            if (open.isEmpty() && closes(close)) {
                out.add(new Token(variable ? Kind.VARIABLE_END : Kind.BLOCK_END, close, line));
                return at;
            }
            token(open);
        }
    }

    private boolean closes(final String close) {
        final char c = source.charAt(at);
        return source.startsWith(close, at) || (c == '-' || c == '+') && source.startsWith(close, at + 1);
    }

    private void skipSpace() {
        while (at < source.length() && PythonText.isSpace(source.charAt(at))) {
            if (source.charAt(at) == '\n') {
                line++;
            }
            at++;
        }
    }

    private void token(final Deque<Character> open) {
        final char c = source.charAt(at);
        if (c == '"' || c == '\'') {
            string(c);
        } else if (c >= '0' && c <= '9') {
            number();
        } else if (Character.isUnicodeIdentifierStart(c) || c == '_') {
            name();
        } else {
            operator(open);
        }
    }

    private void string(final char quote) {
        int end = at + 1;
        int lines = 0;
        while (end < source.length() && source.charAt(end) != quote) {
            end += source.charAt(end) == '\\' ? 2 : 1;
        }
        if (end >= source.length()) {
            throw new TemplateFault("a string does not end", line);
        }
        final String raw = source.substring(at + 1, end);
        for (int i = 0; i < raw.length(); i++) {
            lines += raw.charAt(i) == '\n' ? 1 : 0;
        }
        out.add(new Token(Kind.STRING, StringLiteral.decode(raw, line), line));
        line += lines;
        at = end + 1;
    }

    private void number() {
        int end = digits(at);
        boolean real = false;
        if (end + 1 < source.length() && source.charAt(end) == '.' && digit(end + 1) && !afterDot()) {
            real = true;
            end = digits(end + 1);
        }
        if (end < source.length() && (source.charAt(end) == 'e' || source.charAt(end) == 'E')) {
            final boolean signed = end + 1 < source.length() && (source.charAt(end + 1) == '-' || source.charAt(end + 1) == '+');
            final int exponent = end + (signed ? 2 : 1);
            if (digit(exponent)) {
                real = true;
                end = digits(exponent);
            }
        }
        out.add(new Token(real ? Kind.FLOAT : Kind.INTEGER, source.substring(at, end).replace("_", ""), line));
        at = end;
    }

    /** After a dot a number is an index: {@code a.0.1} is two of them. */
    private boolean afterDot() {
        return at > 0 && source.charAt(at - 1) == '.';
    }

    private boolean digit(final int i) {
        return i < source.length() && source.charAt(i) >= '0' && source.charAt(i) <= '9';
    }

    private int digits(final int from) {
        int end = from;
        while (digit(end) || end < source.length() && source.charAt(end) == '_' && digit(end + 1)) {
            end++;
        }
        return end;
    }

    private void name() {
        int end = at + 1;
        while (end < source.length() && Character.isUnicodeIdentifierPart(source.charAt(end))) {
            end++;
        }
        out.add(new Token(Kind.NAME, source.substring(at, end), line));
        at = end;
    }

    private void operator(final Deque<Character> open) {
        for (final String operator : OPERATORS) {
            if (source.startsWith(operator, at)) {
                balance(operator.charAt(0), open);
                out.add(new Token(Kind.OPERATOR, operator, line));
                at += operator.length();
                return;
            }
        }
        throw new TemplateFault("unexpected character '" + source.charAt(at) + "'", line);
    }

    private void balance(final char c, final Deque<Character> open) {
        switch (c) {
            case '(' -> open.push(')');
            case '[' -> open.push(']');
            case '{' -> open.push('}');
            case ')', ']', '}' -> {
                if (open.isEmpty() || open.pop() != c) {
                    throw new TemplateFault("unexpected '" + c + "'", line);
                }
            }
            default -> {
                // Every other operator leaves the nesting as it is.
            }
        }
    }
}
