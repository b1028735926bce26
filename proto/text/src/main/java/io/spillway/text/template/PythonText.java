package io.spillway.text.template;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;

/** How Python shows values: {@code str()} and {@code repr()}; and its idea of white space. Pure. */
final class PythonText {
    private static final int MAX_DEPTH = 100;
    private static final double EXPONENT_FROM = 1e16;
    private static final double EXPONENT_BELOW = 1e-4;

    private PythonText() {
    }

    static String str(final Object value) {
        return value instanceof String text ? text : value instanceof Undefined ? "" : repr(value);
    }

    static String repr(final Object value) {
        return repr(value, 0);
    }

    private static String repr(final Object value, final int depth) {
        if (depth > MAX_DEPTH) {
            throw new TemplateFault("a value nests deeper than " + MAX_DEPTH);
        }
        return switch (value) {
            case null -> "None";
            case Boolean flag -> flag ? "True" : "False";
            case String text -> quoted(text);
            case Double real -> real(real);
            case Long number -> number.toString();
            case BigInteger number -> number.toString();
            case Undefined ignored -> "Undefined";
            case Tuple tuple -> tuple.size() == 1 ? "(" + repr(tuple.getFirst(), depth + 1) + ",)" : joined(tuple, "(", ")", depth);
            case List<?> list -> joined(list, "[", "]", depth);
            case Map<?, ?> map -> {
                final StringJoiner out = new StringJoiner(", ", "{", "}");
                map.forEach((key, item) -> out.add(repr(key, depth + 1) + ": " + repr(item, depth + 1)));
                yield out.toString();
            }
            default -> throw new TemplateFault("a " + Values.typeName(value) + " cannot be shown as text");
        };
    }

    private static String joined(final List<?> items, final String open, final String close, final int depth) {
        final StringJoiner out = new StringJoiner(", ", open, close);
        items.forEach(item -> out.add(repr(item, depth + 1)));
        return out.toString();
    }

    /** The shortest digits that read back as the same number, in Python's choice of notation. */
    static String real(final double value) {
        if (Double.isNaN(value)) {
            return "nan";
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "inf" : "-inf";
        }
        final double size = Math.abs(value);
        if (size == 0) {
            return 1 / value < 0 ? "-0.0" : "0.0";
        }
        final BigDecimal digits = new BigDecimal(Double.toString(value)).stripTrailingZeros();
        if (size >= EXPONENT_BELOW && size < EXPONENT_FROM) {
            final String plain = digits.toPlainString();
            return plain.contains(".") ? plain : plain + ".0";
        }
        final String unscaled = digits.unscaledValue().abs().toString();
        final int exponent = unscaled.length() - 1 - digits.scale();
        final String mantissa = unscaled.length() == 1 ? unscaled : unscaled.charAt(0) + "." + unscaled.substring(1);
        final String shown = Math.abs(exponent) < 10 ? "0" + Math.abs(exponent) : Integer.toString(Math.abs(exponent));
        return (value < 0 ? "-" : "") + mantissa + "e" + (exponent < 0 ? "-" : "+") + shown;
    }

    private static String quoted(final String text) {
        final char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
        final StringBuilder out = new StringBuilder(text.length() + 2).append(quote);
        text.codePoints().forEach(c -> {
            switch (c) {
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\\' -> out.append("\\\\");
                default -> {
                    if (c == quote) {
                        out.append('\\').append(quote);
                    } else if (printable(c)) {
                        out.appendCodePoint(c);
                    } else {
                        out.append(c < 0x100 ? "\\x%02x".formatted(c) : c < 0x10000 ? "\\u%04x".formatted(c) : "\\U%08x".formatted(c));
                    }
                }
            }
        });
        return out.append(quote).toString();
    }

    private static boolean printable(final int c) {
        if (c == ' ') {
            return true;
        }
        return switch (Character.getType(c)) {
            case Character.CONTROL, Character.FORMAT, Character.SURROGATE, Character.PRIVATE_USE, Character.UNASSIGNED,
                 Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR, Character.SPACE_SEPARATOR -> false;
            default -> true;
        };
    }

    /** @return whether {@code str.isspace} and {@code str.strip} take it for white space */
    static boolean isSpace(final int c) {
        return c >= 0x9 && c <= 0xd || c >= 0x1c && c <= 0x20 || c == 0x85 || c == 0xa0
            || c > 0xff && (Character.isSpaceChar(c) || Character.isWhitespace(c));
    }

    static String strip(final String text) {
        return leftStrip(rightStrip(text));
    }

    static String leftStrip(final String text) {
        int from = 0;
        while (from < text.length() && isSpace(text.charAt(from))) {
            from++;
        }
        return text.substring(from);
    }

    static String rightStrip(final String text) {
        int to = text.length();
        while (to > 0 && isSpace(text.charAt(to - 1))) {
            to--;
        }
        return text.substring(0, to);
    }
}
