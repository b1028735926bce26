package io.spillway.text.template;

/** Python's escapes in string literals. */
final class StringLiteral {
    private static final String PLAIN = "\\'\"abfnrtv";
    private static final String MEANING = "\\'\"\u0007\b\f\n\r\t\u000b";

    private StringLiteral() {
    }

    /** @param raw what stands between the quotes */
    static String decode(final String raw, final int line) {
        if (raw.indexOf('\\') < 0) {
            return raw;
        }
        final StringBuilder out = new StringBuilder(raw.length());
        int i = 0;
        while (i < raw.length()) {
            final char c = raw.charAt(i);
            if (c != '\\') {
                out.append(c);
                i++;
            } else {
                i = escape(raw, i + 1, out, line);
            }
        }
        return out.toString();
    }

    private static int escape(final String raw, final int at, final StringBuilder out, final int line) {
        final char c = raw.charAt(at);
        final int plain = PLAIN.indexOf(c);
        if (plain >= 0) {
            out.append(MEANING.charAt(plain));
            return at + 1;
        }
        return switch (c) {
            case '\n' -> at + 1;
            case 'x' -> hex(raw, at + 1, 2, out, line);
            case 'u' -> hex(raw, at + 1, 4, out, line);
            case 'U' -> hex(raw, at + 1, 8, out, line);
            case '0', '1', '2', '3', '4', '5', '6', '7' -> octal(raw, at, out);
            default -> {
                // Python keeps the backslash of an escape that it does not know.
                out.append('\\').append(c);
                yield at + 1;
            }
        };
    }

    private static int hex(final String raw, final int at, final int digits, final StringBuilder out, final int line) {
        try {
            out.appendCodePoint(Integer.parseInt(raw, at, at + digits, 16));
            return at + digits;
        } catch (final IllegalArgumentException | IndexOutOfBoundsException e) {
            throw new TemplateFault("a bad escape in a string", line);
        }
    }

    private static int octal(final String raw, final int at, final StringBuilder out) {
        int end = at;
        int value = 0;
        while (end < raw.length() && end < at + 3 && raw.charAt(end) >= '0' && raw.charAt(end) <= '7') {
            value = value * 8 + raw.charAt(end++) - '0';
        }
        out.appendCodePoint(value);
        return end;
    }
}
