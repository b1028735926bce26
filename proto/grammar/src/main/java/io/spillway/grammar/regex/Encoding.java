package io.spillway.grammar.regex;

import io.spillway.grammar.automaton.Expr;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** How characters are written as bytes. */
public enum Encoding {
    /** As they are, in UTF-8. */
    UTF8 {
        @Override
        public Expr of(final CodePoints set) {
            return utf8(set);
        }
    },
    /** As in a JSON string, each in its one shortest form: escaped only where JSON demands it. */
    JSON {
        @Override
        public Expr of(final CodePoints set) {
            final List<Expr> forms = new ArrayList<>();
            final CodePoints plain = set.and(PLAIN);
            if (!plain.isEmpty()) {
                forms.add(utf8(plain));
            }
            for (int c = 0; c < 0x80; c++) {
                if (set.contains(c) && !PLAIN.contains(c)) {
                    forms.add(Expr.literal(escaped(c)));
                }
            }
            return Expr.alt(forms);
        }
    };

    /** Characters that JSON strings hold as they are. */
    public static final CodePoints PLAIN = CodePoints.range(0, 0x1f).or(CodePoints.of("\"\\")).complement();
    private static final int[] LAST_OF_LENGTH = {0x7f, 0x7ff, 0xffff, 0x10ffff};

    /** @return any one of the characters */
    public abstract Expr of(CodePoints set);

    private static String escaped(final int c) {
        return switch (c) {
            case '"' -> "\\\"";
            case '\\' -> "\\\\";
            case '\b' -> "\\b";
            case '\f' -> "\\f";
            case '\n' -> "\\n";
            case '\r' -> "\\r";
            case '\t' -> "\\t";
            default -> String.format(Locale.ROOT, "\\u%04X", c);
        };
    }

    private static Expr utf8(final CodePoints set) {
        final List<Expr> forms = new ArrayList<>();
        for (int i = 0; i < set.ranges(); i++) {
            int from = set.from(i);
            for (final int last : LAST_OF_LENGTH) {
                if (from <= Math.min(last, set.to(i))) {
                    bytes(encode(from), encode(Math.min(last, set.to(i))), forms);
                    from = last + 1;
                }
            }
        }
        return Expr.alt(forms);
    }

    private static int[] encode(final int c) {
        if (c < 0x80) {
            return new int[] {c};
        }
        if (c < 0x800) {
            return new int[] {0xc0 | c >> 6, 0x80 | c & 0x3f};
        }
        if (c < 0x10000) {
            return new int[] {0xe0 | c >> 12, 0x80 | c >> 6 & 0x3f, 0x80 | c & 0x3f};
        }
        return new int[] {0xf0 | c >> 18, 0x80 | c >> 12 & 0x3f, 0x80 | c >> 6 & 0x3f, 0x80 | c & 0x3f};
    }

    /** Adds the encodings from one to another of the same length, as few products of ranges as it takes. */
    private static void bytes(final int[] from, final int[] to, final List<Expr> forms) {
        // The first place where the bounds differ, and whether all that follows is free on either side.
        int at = 0;
        while (at < from.length - 1 && from[at] == to[at]) {
            at++;
        }
        boolean whole = true;
        for (int i = at + 1; i < from.length; i++) {
            whole &= from[i] == 0x80 && to[i] == 0xbf;
        }
        if (whole) {
            forms.add(product(from, to));
            return;
        }
        final int[] low = from.clone();
        final int[] high = to.clone();
        final boolean cutLow = !isLeast(from, at + 1);
        final boolean cutHigh = !isMost(to, at + 1);
        if (cutLow) {
            final int[] end = from.clone();
            java.util.Arrays.fill(end, at + 1, end.length, 0xbf);
            bytes(from, end, forms);
            low[at]++;
        }
        java.util.Arrays.fill(low, at + 1, low.length, 0x80);
        if (cutHigh) {
            final int[] begin = to.clone();
            java.util.Arrays.fill(begin, at + 1, begin.length, 0x80);
            bytes(begin, to, forms);
            high[at]--;
        }
        java.util.Arrays.fill(high, at + 1, high.length, 0xbf);
        if (low[at] <= high[at]) {
            forms.add(product(low, high));
        }
    }

    private static boolean isLeast(final int[] bytes, final int at) {
        return java.util.Arrays.stream(bytes, at, bytes.length).allMatch(b -> b == 0x80);
    }

    private static boolean isMost(final int[] bytes, final int at) {
        return java.util.Arrays.stream(bytes, at, bytes.length).allMatch(b -> b == 0xbf);
    }

    private static Expr product(final int[] from, final int[] to) {
        final List<Expr> parts = new ArrayList<>();
        for (int i = 0; i < from.length; i++) {
            parts.add(Expr.range(from[i], to[i]));
        }
        return Expr.seq(parts);
    }
}
