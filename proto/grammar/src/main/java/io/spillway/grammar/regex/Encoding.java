package io.spillway.grammar.regex;

import io.spillway.grammar.automaton.ByteSet;
import io.spillway.grammar.automaton.Expr;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

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
            final List<String> escaped = new ArrayList<>();
            for (int c = 0; c < 0x80; c++) {
                if (set.contains(c) && !PLAIN.contains(c)) {
                    escaped.add(escaped(c));
                }
            }
            final Expr plain = utf8(set.and(PLAIN));
            return escaped.isEmpty() ? plain : Expr.alt(plain, Expr.choice(escaped));
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
        final List<ByteRange[]> products = new ArrayList<>();
        for (int i = 0; i < set.ranges(); i++) {
            int from = set.from(i);
            for (final int last : LAST_OF_LENGTH) {
                if (from <= Math.min(last, set.to(i))) {
                    bytes(encode(from), encode(Math.min(last, set.to(i))), products);
                    from = last + 1;
                }
            }
        }
        return sharingEnds(products);
    }

    private record ByteRange(int from, int to) {
    }

    /** One node for each ending that some characters have in common: any character at all needs 8 nodes, not 20. */
    private static Expr sharingEnds(final List<ByteRange[]> products) {
        final Map<List<ByteRange>, Integer> nodes = new HashMap<>();
        final Map<Long, ByteSet> edges = new LinkedHashMap<>();
        nodes.put(List.of(), 1);
        for (final ByteRange[] product : products) {
            int at = 0;
            for (int i = 0; i < product.length; i++) {
                final int next = nodes.computeIfAbsent(Arrays.asList(product).subList(i + 1, product.length), _ -> nodes.size() + 1);
                edges.merge((long) at << 32 | next, ByteSet.range(product[i].from(), product[i].to()), ByteSet::or);
                at = next;
            }
        }
        if (edges.size() <= 1) {
            return edges.isEmpty() ? Expr.NEVER : new Expr.Bytes(edges.values().iterator().next());
        }
        final List<Expr.Graph.Edge> all = new ArrayList<>();
        edges.forEach((ends, bytes) -> all.add(new Expr.Graph.Edge((int) (ends >>> 32), new Expr.Bytes(bytes), ends.intValue())));
        return new Expr.Graph(nodes.size() + 1, 0, 1, all);
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
    private static void bytes(final int[] from, final int[] to, final List<ByteRange[]> forms) {
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
            Arrays.fill(end, at + 1, end.length, 0xbf);
            bytes(from, end, forms);
            low[at]++;
        }
        Arrays.fill(low, at + 1, low.length, 0x80);
        if (cutHigh) {
            final int[] begin = to.clone();
            Arrays.fill(begin, at + 1, begin.length, 0x80);
            bytes(begin, to, forms);
            high[at]--;
        }
        Arrays.fill(high, at + 1, high.length, 0xbf);
        if (low[at] <= high[at]) {
            forms.add(product(low, high));
        }
    }

    private static boolean isLeast(final int[] bytes, final int at) {
        return Arrays.stream(bytes, at, bytes.length).allMatch(b -> b == 0x80);
    }

    private static boolean isMost(final int[] bytes, final int at) {
        return Arrays.stream(bytes, at, bytes.length).allMatch(b -> b == 0xbf);
    }

    private static ByteRange[] product(final int[] from, final int[] to) {
        final ByteRange[] parts = new ByteRange[from.length];
        for (int i = 0; i < from.length; i++) {
            parts[i] = new ByteRange(from[i], to[i]);
        }
        return parts;
    }
}
