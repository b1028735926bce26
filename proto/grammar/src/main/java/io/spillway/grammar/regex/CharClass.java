package io.spillway.grammar.regex;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Reads classes in brackets and escapes: sets of characters. */
public final class CharClass {
    private static final CodePoints DIGIT = CodePoints.range('0', '9');
    private static final CodePoints WORD = DIGIT.or(CodePoints.range('a', 'z')).or(CodePoints.range('A', 'Z')).or(CodePoints.of("_"));
    private static final CodePoints SPACE = CodePoints.of(" \t\n\u000b\f\r");
    /** What any dialect calls a space: the opposite of a space is none of these, in every dialect. */
    private static final CodePoints ANY_SPACE = SPACE.or(CodePoints.of("\u0085\u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff"))
        .or(CodePoints.range(0x1c, 0x1f)).or(CodePoints.range(0x2000, 0x200a));
    private static final Map<String, List<Integer>> CATEGORIES = Map.of(
        "L", List.of(1, 2, 3, 4, 5), "Lu", List.of(1), "Ll", List.of(2), "Lt", List.of(3), "Lm", List.of(4), "Lo", List.of(5),
        "N", List.of(9, 10, 11), "Nd", List.of(9), "P", List.of(20, 21, 22, 23, 24, 29, 30), "S", List.of(25, 26, 27, 28));
    private static final Map<String, CodePoints> FOUND = new ConcurrentHashMap<>();
    private static final Map<Character, Integer> CONTROLS = Map.of('t', 9, 'n', 10, 'r', 13, 'f', 12, 'v', 11, '0', 0, 'a', 7, 'e', 27);

    private final String text;
    private final boolean negated;
    private int at;

    /**
     * A set that was read.
     *
     * @param end the first character after it
     */
    public record Parsed(CodePoints set, int end) {
    }

    private CharClass(final String text, final int at) {
        this.text = text;
        this.negated = text.startsWith("^", at);
        this.at = at + (negated ? 1 : 0);
    }

    /**
     * @param at after the opening bracket
     * @return the class up to its closing bracket
     */
    public static Parsed parse(final String text, final int at) {
        return new CharClass(text, at).items();
    }

    /**
     * @param at      after the backslash
     * @param outside whether the set will be complemented
     * @return what the escape stands for
     */
    public static Parsed escape(final String text, final int at, final boolean outside) {
        if (at >= text.length()) {
            throw invalid("a backslash at the end");
        }
        final char c = text.charAt(at);
        return switch (c) {
            case 'd' -> new Parsed(DIGIT, at + 1);
            case 'D' -> new Parsed(DIGIT.complement(), at + 1);
            case 'w' -> new Parsed(WORD, at + 1);
            case 'W' -> new Parsed(WORD.complement(), at + 1);
            case 's' -> new Parsed(outside ? ANY_SPACE : SPACE, at + 1);
            case 'S' -> new Parsed((outside ? SPACE : ANY_SPACE).complement(), at + 1);
            case 'p', 'P' -> property(text, at);
            default -> single(text, at, c);
        };
    }

    private static Parsed single(final String text, final int at, final char c) {
        if (CONTROLS.containsKey(c)) {
            final int code = CONTROLS.get(c);
            return new Parsed(CodePoints.range(code, code), at + 1);
        }
        if (c == 'x' || c == 'u') {
            return hex(text, at, c);
        }
        if (c < 0x80 && Character.isLetterOrDigit(c)) {
            throw new SpillwayException(ErrorCode.UNSUPPORTED, "regular expression: \\" + c + " is not understood");
        }
        final int whole = text.codePointAt(at);
        return new Parsed(CodePoints.range(whole, whole), at + Character.charCount(whole));
    }

    /** Hexadecimal: two digits after x, four after u, any number in braces after either; surrogates come in pairs. */
    private static Parsed hex(final String text, final int at, final char kind) {
        if (text.startsWith("{", at + 1)) {
            final int close = text.indexOf('}', at);
            final int code = close < 0 ? -1 : digits(text, at + 2, close);
            return new Parsed(one(code), close + 1);
        }
        final int end = at + 1 + (kind == 'x' ? 2 : 4);
        final int code = digits(text, at + 1, end);
        final boolean high = code >= Character.MIN_HIGH_SURROGATE && code <= Character.MAX_HIGH_SURROGATE;
        if (high && text.startsWith("\\u", end)) {
            final int low = digits(text, end + 2, end + 6);
            if (low >= Character.MIN_LOW_SURROGATE && low <= Character.MAX_LOW_SURROGATE) {
                return new Parsed(one(Character.toCodePoint((char) code, (char) low)), end + 6);
            }
        }
        return new Parsed(one(code), end);
    }

    private static CodePoints one(final int code) {
        final CodePoints set = code < 0 || code > Character.MAX_CODE_POINT ? CodePoints.NONE : CodePoints.range(code, code);
        if (set.isEmpty()) {
            throw invalid("a number that is no character");
        }
        return set;
    }

    private static int digits(final String text, final int from, final int to) {
        if (to > text.length() || from >= to || to - from > 6) {
            throw invalid("hexadecimal digits are missing");
        }
        int value = 0;
        for (int i = from; i < to; i++) {
            final int digit = Character.digit(text.charAt(i), 16);
            if (digit < 0 || text.charAt(i) >= 0x80) {
                throw invalid("hexadecimal digits are missing");
            }
            value = value * 16 + digit;
        }
        return value;
    }

    private static Parsed property(final String text, final int at) {
        final boolean braces = text.startsWith("{", at + 1);
        final int end = braces ? text.indexOf('}', at) : at + 2;
        final String name = end < 0 || end > text.length() ? "" : text.substring(at + (braces ? 2 : 1), end);
        if (!CATEGORIES.containsKey(name)) {
            throw new SpillwayException(ErrorCode.UNSUPPORTED, "regular expression: of Unicode's properties, L, Lu, Ll, Lt, Lm, Lo, N, Nd, P and S are known");
        }
        final CodePoints set = FOUND.computeIfAbsent(name, key -> CodePoints.where(c -> CATEGORIES.get(key).contains(Character.getType(c))));
        return new Parsed(text.charAt(at) == 'p' ? set : set.complement(), end + (braces ? 1 : 0));
    }

    private static SpillwayException invalid(final String what) {
        return new SpillwayException(ErrorCode.INVALID_VALUE, "regular expression: " + what);
    }

    private Parsed items() {
        CodePoints set = CodePoints.NONE;
        boolean first = true;
        while (at < text.length() && (first || text.charAt(at) != ']')) {
            if (first && text.charAt(at) == ']') {
                // Empty in ECMAScript, a bracket in RE2.
                throw invalid("] at the beginning of a class; write \\]");
            }
            first = false;
            set = set.or(item());
        }
        if (at >= text.length()) {
            throw invalid("a class is not closed");
        }
        return new Parsed(negated ? set.complement() : set, at + 1);
    }

    private CodePoints item() {
        final CodePoints from = character();
        if (!isOne(from) || !text.startsWith("-", at) || text.startsWith("-]", at)) {
            return from;
        }
        at++;
        if (at >= text.length()) {
            throw invalid("a class is not closed");
        }
        final CodePoints to = character();
        if (!isOne(to)) {
            // As in ECMAScript: between sets, the hyphen stands for itself.
            return from.or(CodePoints.of("-")).or(to);
        }
        if (from.from(0) > to.from(0)) {
            throw invalid("a range in a class goes from one character to a later one");
        }
        return CodePoints.range(from.from(0), to.from(0));
    }

    private static boolean isOne(final CodePoints set) {
        return set.ranges() == 1 && set.from(0) == set.to(0);
    }

    private CodePoints character() {
        final int c = text.codePointAt(at);
        if (c == '\\') {
            final boolean backspace = text.startsWith("\\b", at);
            final Parsed parsed = backspace ? new Parsed(CodePoints.range(8, 8), at + 2) : escape(text, at + 1, negated);
            at = parsed.end();
            return parsed.set();
        }
        if (text.startsWith("[:", at) || text.startsWith("&&", at)) {
            throw new SpillwayException(ErrorCode.UNSUPPORTED, "regular expression: [: and && in a class are not understood");
        }
        at += Character.charCount(c);
        if (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE) {
            throw invalid("half a character");
        }
        return CodePoints.range(c, c);
    }
}
