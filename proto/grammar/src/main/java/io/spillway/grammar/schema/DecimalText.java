package io.spillway.grammar.schema;

import io.spillway.grammar.automaton.Expr;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/** Decimal numbers from 0 as text: which digits make them large enough, small enough, or multiples. */
final class DecimalText {
    private static final Expr DIGIT = Expr.range('0', '9');
    private static final Expr DIGITS = Expr.star(DIGIT);
    private static final Expr POINT = Expr.literal(".");
    private static final Expr FRACTION = Expr.optional(Expr.seq(POINT, Expr.plus(DIGIT)));
    private static final Expr NOT_ONLY_ZEROS = Expr.seq(DIGITS, Expr.range('1', '9'), DIGITS);
    /** Whole numbers without needless zeros. */
    static final Expr WHOLE = Expr.alt(Expr.literal("0"), Expr.seq(Expr.range('1', '9'), DIGITS));
    /** Numbers with or without a fraction. */
    static final Expr ANY = Expr.seq(WHOLE, FRACTION);

    private DecimalText() {
    }

    /** @return numbers from a bound upwards; the bound is not below 0 */
    static Expr atLeast(final Facets.Bound bound) {
        final BigInteger whole = bound.value().toBigInteger();
        final String fraction = fraction(bound.value());
        return Expr.alt(Expr.seq(wholeFrom(whole.add(BigInteger.ONE)), FRACTION),
            Expr.seq(Expr.literal(whole.toString()), fractionFrom(fraction, bound.exclusive())));
    }

    /** @return numbers from 0 to a bound; the bound is not below 0 */
    static Expr atMost(final Facets.Bound bound) {
        final BigInteger whole = bound.value().toBigInteger();
        final String fraction = fraction(bound.value());
        return Expr.alt(Expr.seq(wholeBelow(whole), FRACTION),
            Expr.seq(Expr.literal(whole.toString()), fractionTo(fraction, bound.exclusive())));
    }

    private static String fraction(final BigDecimal value) {
        final BigDecimal stripped = value.remainder(BigDecimal.ONE).stripTrailingZeros();
        return stripped.signum() == 0 ? "" : stripped.toPlainString().substring(2);
    }

    private static Expr wholeFrom(final BigInteger least) {
        final String digits = least.toString();
        final List<Expr> forms = new ArrayList<>();
        forms.add(Expr.seq(Expr.range('1', '9'), Expr.repeat(DIGIT, digits.length(), Expr.UNBOUNDED)));
        forms.add(Expr.literal(digits));
        for (int i = 0; i < digits.length(); i++) {
            differing(digits, i, (char) (digits.charAt(i) + 1), '9', forms);
        }
        return Expr.alt(forms);
    }

    private static Expr wholeBelow(final BigInteger above) {
        final String digits = above.toString();
        final List<Expr> forms = new ArrayList<>();
        for (int length = 1; length < digits.length(); length++) {
            forms.add(length == 1 ? DIGIT : Expr.seq(Expr.range('1', '9'), Expr.repeat(DIGIT, length - 1, length - 1)));
        }
        for (int i = 0; i < digits.length(); i++) {
            differing(digits, i, i == 0 && digits.length() > 1 ? '1' : '0', (char) (digits.charAt(i) - 1), forms);
        }
        return Expr.alt(forms);
    }

    /** Adds the numbers of as many digits that are the same before place {@code at} and have a digit of a range there. */
    private static void differing(final String digits, final int at, final char from, final char to, final List<Expr> forms) {
        if (from <= to) {
            final int rest = digits.length() - at - 1;
            forms.add(Expr.seq(Expr.literal(digits.substring(0, at)), Expr.range(from, to), Expr.repeat(DIGIT, rest, rest)));
        }
    }

    private static Expr fractionFrom(final String least, final boolean exclusive) {
        if (least.isEmpty()) {
            return exclusive ? Expr.seq(POINT, NOT_ONLY_ZEROS) : FRACTION;
        }
        final List<Expr> forms = new ArrayList<>();
        forms.add(Expr.seq(Expr.literal(least), exclusive ? NOT_ONLY_ZEROS : DIGITS));
        for (int i = 0; i < least.length(); i++) {
            if (least.charAt(i) < '9') {
                forms.add(Expr.seq(Expr.literal(least.substring(0, i)), Expr.range(least.charAt(i) + 1, '9'), DIGITS));
            }
        }
        return Expr.seq(POINT, Expr.alt(forms));
    }

    private static Expr fractionTo(final String greatest, final boolean exclusive) {
        final Expr zeros = Expr.plus(Expr.literal("0"));
        if (greatest.isEmpty()) {
            return exclusive ? Expr.NEVER : Expr.optional(Expr.seq(POINT, zeros));
        }
        final List<Expr> forms = new ArrayList<>();
        if (!exclusive) {
            forms.add(Expr.seq(Expr.literal(greatest), Expr.star(Expr.literal("0"))));
        }
        for (int i = 0; i < greatest.length(); i++) {
            if (i > 0) {
                forms.add(Expr.literal(greatest.substring(0, i)));
            }
            if (greatest.charAt(i) > '0') {
                forms.add(Expr.seq(Expr.literal(greatest.substring(0, i)), Expr.range('0', greatest.charAt(i) - 1), DIGITS));
            }
        }
        return Expr.optional(Expr.seq(POINT, Expr.alt(forms)));
    }

    /**
     * Numbers that are multiples of {@code unit} / 10^{@code places}: nodes are the remainder of the digits so far, for each count of
     * digits after the point.
     */
    static Expr multiples(final int unit, final int places) {
        final List<Expr.Graph.Edge> edges = new ArrayList<>();
        final int start = unit * (places + 1);
        final int end = start + 1;
        for (int place = 0; place <= places; place++) {
            for (int remainder = 0; remainder < unit; remainder++) {
                final int node = place * unit + remainder;
                digits(edges, node, remainder, new Grid(unit, place, places));
                if (isMultiple(remainder, unit, places - place)) {
                    edges.add(new Expr.Graph.Edge(node, Expr.EMPTY, end));
                }
            }
        }
        for (int digit = 0; digit <= 9; digit++) {
            edges.add(new Expr.Graph.Edge(start, Expr.range('0' + digit, '0' + digit), digit % unit));
        }
        return new Expr.Graph(end + 1, start, end, edges);
    }

    /** Nodes for {@code unit} remainders at each of {@code places} + 1 places, and one place of them. */
    private record Grid(int unit, int place, int places) {
    }

    private static boolean isMultiple(final int remainder, final int unit, final int placesLeft) {
        long scaled = remainder;
        for (int i = 0; i < placesLeft; i++) {
            scaled = scaled * 10 % unit;
        }
        return scaled % unit == 0;
    }

    /** A whole part goes on, or a point and the first digit after it follow; a fraction goes on while it has places. */
    private static void digits(final List<Expr.Graph.Edge> edges, final int node, final int remainder, final Grid grid) {
        final int unit = grid.unit();
        final int place = grid.place();
        final boolean more = place < grid.places();
        for (int digit = 0; digit <= 9; digit++) {
            final int next = (remainder * 10 + digit) % unit;
            final Expr read = Expr.range('0' + digit, '0' + digit);
            if (place == 0) {
                edges.add(new Expr.Graph.Edge(node, read, next));
            }
            if (more) {
                edges.add(new Expr.Graph.Edge(node, place == 0 ? Expr.seq(POINT, read) : read, (place + 1) * unit + next));
            }
        }
    }
}
