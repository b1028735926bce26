package io.spillway.grammar.gbnf;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.grammar.regex.CharClass;
import io.spillway.grammar.regex.CodePoints;

/** A grammar's text and how far it is read. Owned by one thread. */
final class GbnfText {
    private final String text;
    private int at;

    GbnfText(final String text) {
        this.text = text;
    }

    boolean ended() {
        return at >= text.length();
    }

    boolean sees(final String next) {
        return text.startsWith(next, at);
    }

    boolean takes(final String next) {
        final boolean there = sees(next);
        at += there ? next.length() : 0;
        return there;
    }

    boolean atLineEnd() {
        return sees("\n") || sees("\r");
    }

    /** Passes over blanks and comments. */
    void skip(final boolean lines) {
        while (!ended()) {
            final char c = text.charAt(at);
            if (c == '#') {
                while (!ended() && !atLineEnd()) {
                    at++;
                }
            } else if (c == ' ' || c == '\t' || lines && (c == '\n' || c == '\r')) {
                at++;
            } else {
                return;
            }
        }
    }

    String name() {
        final int begin = at;
        while (!ended() && isNamePart(text.charAt(at))) {
            at++;
        }
        if (at == begin) {
            throw invalid("expected a rule's name, a text, a class or a group");
        }
        return text.substring(begin, at);
    }

    private static boolean isNamePart(final char c) {
        return c == '-' || c == '_' || c < 0x80 && Character.isLetterOrDigit(c);
    }

    int number(final int max) {
        final int begin = at;
        int value = 0;
        while (!ended() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
            value = value * 10 + text.charAt(at++) - '0';
            if (value > max) {
                throw new SpillwayException(ErrorCode.ABOVE_MAXIMUM, "grammar: a count may be " + max);
            }
        }
        if (at == begin) {
            throw invalid("a count is missing");
        }
        return value;
    }

    /** @return a character, perhaps escaped */
    int character() {
        if (ended() || atLineEnd()) {
            throw invalid("a text is not closed");
        }
        final int c = text.codePointAt(at);
        at += Character.charCount(c);
        if (c == '\\') {
            return escaped();
        }
        if (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE) {
            throw invalid("half a character");
        }
        return c;
    }

    private int escaped() {
        final char c = ended() ? '\n' : text.charAt(at++);
        return switch (c) {
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case '"', '\\', '[', ']', '^', '-' -> c;
            case 'x' -> hex(2);
            case 'u' -> hex(4);
            case 'U' -> hex(8);
            default -> throw invalid("an escape that is not known");
        };
    }

    private int hex(final int digits) {
        long value = 0;
        for (int i = 0; i < digits; i++) {
            final int digit = ended() || text.charAt(at) >= 0x80 ? -1 : Character.digit(text.charAt(at++), 16);
            if (digit < 0) {
                throw invalid("hexadecimal digits are missing");
            }
            value = value * 16 + digit;
        }
        final boolean surrogate = value >= Character.MIN_SURROGATE && value <= Character.MAX_SURROGATE;
        if (value > Character.MAX_CODE_POINT || surrogate) {
            throw invalid("a number that is no character");
        }
        return (int) value;
    }

    /** @return the class up to its closing bracket; as in a regular expression, without its names for sets */
    CodePoints charClass() {
        final boolean negated = takes("^");
        CodePoints set = CodePoints.NONE;
        while (!takes("]")) {
            final CodePoints named = setName();
            if (named != null) {
                set = set.or(named);
                continue;
            }
            final int from = character();
            int to = from;
            if (sees("-") && !sees("-]")) {
                at++;
                to = character();
            }
            if (to < from) {
                throw invalid("a range in a class goes from one character to a later one");
            }
            set = set.or(CodePoints.range(from, to));
        }
        return negated ? set.complement() : set;
    }

    private CodePoints setName() {
        if (sees("\\d") || sees("\\w") || sees("\\s")) {
            final CharClass.Parsed parsed = CharClass.escape(text, at + 1, false);
            at = parsed.end();
            return parsed.set();
        }
        return null;
    }

    /** @return a special token's text, with its angle brackets */
    String token() {
        final int end = text.indexOf('>', at);
        if (end < 0 || text.substring(at, end).contains("\n")) {
            throw invalid("a token's name is not closed");
        }
        if (sees("<[")) {
            throw unsupported("tokens by number; name the token's text");
        }
        final String token = text.substring(at, end + 1);
        at = end + 1;
        return token;
    }

    SpillwayException invalid(final String what) {
        int line = 1;
        for (int i = 0; i < Math.min(at, text.length()); i++) {
            line += text.charAt(i) == '\n' ? 1 : 0;
        }
        return new SpillwayException(ErrorCode.INVALID_VALUE, "grammar: " + what + ", line " + line);
    }

    SpillwayException unsupported(final String what) {
        return new SpillwayException(ErrorCode.UNSUPPORTED, "grammar: " + what);
    }
}
