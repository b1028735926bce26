package io.spillway.grammar.regex;

import io.spillway.grammar.automaton.Expr;
import java.util.ArrayList;
import java.util.List;

/** Turns a regular expression into an expression over bytes; where no anchor stands at an edge, {@code filler} does. */
final class Anchoring {
    private final Encoding encoding;
    private final Expr filler;

    Anchoring(final Encoding encoding, final Expr filler) {
        this.encoding = encoding;
        this.filler = filler;
    }

    /** What lies between a part and the edge of the text. */
    private enum Edge {
        /** Another part: an anchor can never hold. */
        INNER,
        /** Nothing, and no anchor yet. */
        OPEN,
        /** An anchor. */
        SHUT
    }

    Expr expr(final Regex regex) {
        return expr(regex, Edge.OPEN, Edge.OPEN);
    }

    private Expr expr(final Regex regex, final Edge begin, final Edge end) {
        return switch (regex) {
            case Regex.Chars(final CodePoints set) -> padded(encoding.of(set), begin, end);
            case Regex.Repeat(final Regex body, final int min, final int max) ->
                padded(Expr.repeat(expr(body, Edge.INNER, Edge.INNER), min, max), begin, end);
            case Regex.Alt(final List<Regex> branches) -> Expr.alt(branches.stream().map(branch -> expr(branch, begin, end)).toList());
            case Regex.Seq(final List<Regex> parts) -> seq(parts, begin, end);
            case Regex.Anchor anchor -> seq(List.of(anchor), begin, end);
        };
    }

    private Expr padded(final Expr expr, final Edge begin, final Edge end) {
        return Expr.seq(begin == Edge.OPEN ? filler : Expr.EMPTY, expr, end == Edge.OPEN ? filler : Expr.EMPTY);
    }

    private Expr seq(final List<Regex> parts, final Edge begin, final Edge end) {
        int from = 0;
        int to = parts.size();
        while (begin != Edge.INNER && from < to && parts.get(from) == Regex.Anchor.BEGIN) {
            from++;
        }
        while (end != Edge.INNER && to > from && parts.get(to - 1) == Regex.Anchor.END) {
            to--;
        }
        final Edge first = from > 0 ? Edge.SHUT : begin;
        final Edge last = to < parts.size() ? Edge.SHUT : end;
        if (from == to) {
            return padded(Expr.EMPTY, first, last);
        }
        final List<Expr> exprs = new ArrayList<>();
        for (int i = from; i < to; i++) {
            if (parts.get(i) instanceof Regex.Anchor) {
                throw RegexParser.unsupported("^ and $ are understood only where the text begins or ends");
            }
            exprs.add(expr(parts.get(i), i == from ? first : Edge.INNER, i == to - 1 ? last : Edge.INNER));
        }
        return Expr.seq(exprs);
    }
}
