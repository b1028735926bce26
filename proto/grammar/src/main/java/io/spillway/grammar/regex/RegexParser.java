package io.spillway.grammar.regex;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.grammar.automaton.Expr;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Reads regular expressions: the part that RE2 and ECMAScript share and that describes regular languages. Look-around,
 * back-references and word boundaries are refused. Owned by one thread.
 */
public final class RegexParser {
    private static final int MAX_CHARS = 64 * 1024;
    private static final int MAX_DEPTH = 200;
    private static final int MAX_COUNT = 100_000;
    private static final CodePoints LINE_ENDS = CodePoints.of("\n\r\u2028\u2029");

    /** Braces that hold no count stand for themselves. */
    private static final Pattern COUNT = Pattern.compile("\\{[0-9]+(,[0-9]*)?\\}");

    private final String text;
    private int at;
    private int depth;
    private boolean anyCase;

    private RegexParser(final String text) {
        this.text = text;
    }

    /**
     * @return the expression as a tree
     * @throws SpillwayException {@code UNSUPPORTED} for what is no regular language, {@code INVALID_VALUE} for what is no expression
     */
    public static Regex parse(final String text) {
        if (text.length() > MAX_CHARS) {
            throw new SpillwayException(ErrorCode.ABOVE_MAXIMUM, "a regular expression may have " + MAX_CHARS + " characters");
        }
        final RegexParser parser = new RegexParser(text);
        final Regex regex = parser.alternatives();
        if (parser.at < text.length()) {
            throw parser.invalid("unmatched )");
        }
        return regex;
    }

    static SpillwayException unsupported(final String what) {
        return new SpillwayException(ErrorCode.UNSUPPORTED, "regular expression: " + what);
    }

    private SpillwayException invalid(final String what) {
        return new SpillwayException(ErrorCode.INVALID_VALUE, "regular expression: " + what + " at character " + at);
    }

    private boolean ended() {
        return at >= text.length();
    }

    private boolean sees(final String next) {
        return text.startsWith(next, at);
    }

    private boolean takes(final String next) {
        final boolean there = sees(next);
        at += there ? next.length() : 0;
        return there;
    }

    private Regex alternatives() {
        if (++depth > MAX_DEPTH) {
            throw new SpillwayException(ErrorCode.ABOVE_MAXIMUM, "regular expression: groups are nested deeper than " + MAX_DEPTH);
        }
        final boolean caseBefore = anyCase;
        final List<Regex> branches = new ArrayList<>();
        do {
            branches.add(sequence());
        } while (takes("|"));
        anyCase = caseBefore;
        depth--;
        return branches.size() == 1 ? branches.getFirst() : new Regex.Alt(branches);
    }

    private Regex sequence() {
        final List<Regex> parts = new ArrayList<>();
        while (!ended() && !sees("|") && !sees(")")) {
            final Regex atom = atom();
            if (atom != null) {
                parts.add(quantified(atom));
            }
        }
        return parts.size() == 1 ? parts.getFirst() : new Regex.Seq(parts);
    }

    /** @return null for a setting that holds from here on */
    private Regex atom() {
        final int c = text.codePointAt(at);
        at += Character.charCount(c);
        return switch (c) {
            case '^' -> Regex.Anchor.BEGIN;
            case '$' -> Regex.Anchor.END;
            case '.' -> new Regex.Chars(LINE_ENDS.complement());
            case '(' -> group();
            case '[' -> chars(CharClass.parse(text, at));
            case '\\' -> chars(CharClass.escape(text, at, false));
            case '*', '+', '?' -> throw invalid("nothing to repeat");
            default -> literal(c);
        };
    }

    private Regex literal(final int c) {
        if (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE) {
            throw invalid("half a character");
        }
        return folded(CodePoints.range(c, c));
    }

    private Regex folded(final CodePoints set) {
        return new Regex.Chars(anyCase ? set.anyCase() : set);
    }

    private Regex chars(final CharClass.Parsed parsed) {
        at = parsed.end();
        return folded(parsed.set());
    }

    private Regex group() {
        final boolean caseBefore = anyCase;
        if (takes("?")) {
            if (takes("i)")) {
                anyCase = true;
                return null;
            }
            if (takes("i:")) {
                anyCase = true;
            } else if (sees("=") || sees("!") || sees("<=") || sees("<!")) {
                throw unsupported("look-ahead and look-behind describe no regular language here");
            } else if (takes("P<") || takes("<")) {
                name();
            } else if (!takes(":")) {
                throw unsupported("this kind of group, at character " + at);
            }
        }
        final Regex inner = alternatives();
        if (!takes(")")) {
            throw invalid("a group is not closed");
        }
        anyCase = caseBefore;
        return inner instanceof Regex.Seq || inner instanceof Regex.Anchor ? new Regex.Alt(List.of(inner)) : inner;
    }

    private void name() {
        final int end = text.indexOf('>', at);
        if (end < 0) {
            throw invalid("a group's name is not closed");
        }
        at = end + 1;
    }

    private Regex quantified(final Regex atom) {
        Regex repeated = atom;
        int quantifiers = 0;
        int[] counts = counts();
        while (counts != null) {
            if (atom instanceof Regex.Anchor || ++quantifiers > 1) {
                throw invalid(quantifiers > 1 ? "two repetitions in a row; use a group" : "an anchor cannot be repeated");
            }
            repeated = new Regex.Repeat(repeated, counts[0], counts[1]);
            // Lazy or greedy makes no difference to which texts match as a whole.
            takes("?");
            if (sees("+")) {
                throw unsupported("possessive repetition");
            }
            counts = counts();
        }
        return repeated;
    }

    private int[] counts() {
        if (takes("*")) {
            return new int[] {0, Expr.UNBOUNDED};
        }
        if (takes("+")) {
            return new int[] {1, Expr.UNBOUNDED};
        }
        if (takes("?")) {
            return new int[] {0, 1};
        }
        if (!COUNT.matcher(text).region(at, text.length()).lookingAt()) {
            return null;
        }
        at++;
        final int min = number();
        int max = min;
        if (takes(",")) {
            max = sees("}") ? Expr.UNBOUNDED : number();
        }
        at++;
        if (max != Expr.UNBOUNDED && max < min) {
            throw invalid("the greatest count is below the least");
        }
        return new int[] {min, max};
    }

    private int number() {
        int value = 0;
        while (!ended() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
            value = value * 10 + text.charAt(at++) - '0';
            if (value > MAX_COUNT) {
                throw new SpillwayException(ErrorCode.ABOVE_MAXIMUM, "regular expression: a count may be " + MAX_COUNT);
            }
        }
        return value;
    }
}
