package io.spillway.grammar.schema;

import io.spillway.domain.error.SpillwayException;
import io.spillway.grammar.automaton.Expr;
import io.spillway.grammar.automaton.Intersection;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/**
 * Numbers: bounds and multiples, digit by digit. Numbers with conditions are written without exponent, zero without sign. Owned by
 * one thread.
 */
final class NumberRules {
    private static final int MAX_STATES = 60_000;
    private static final int MAX_REMAINDERS = 2_048;
    private static final Facets.Bound ABOVE_ZERO = new Facets.Bound(BigDecimal.ZERO, true);
    private static final Facets.Bound FROM_ZERO = new Facets.Bound(BigDecimal.ZERO, false);

    private final SchemaNotes notes;

    NumberRules(final SchemaNotes notes) {
        this.notes = notes;
    }

    /** @return whole numbers, and others where their type is allowed */
    Expr of(final Facets facets) {
        final boolean fractions = facets.types().contains(JsonType.FRACTION);
        final boolean wholes = facets.types().contains(JsonType.INTEGER);
        final boolean free = facets.least() == null && facets.greatest() == null && facets.multiples().isEmpty();
        if (free || !wholes) {
            return fractions ? JsonSyntax.number() : JsonSyntax.integer();
        }
        final List<Expr> conditions = new ArrayList<>();
        conditions.add(fractions ? DecimalText.ANY : DecimalText.WHOLE);
        try {
            for (final BigDecimal multiple : facets.multiples()) {
                multiples(multiple.stripTrailingZeros(), conditions, facets.pointerOf(JsonType.INTEGER));
            }
            final Facets.Bound least = facets.least();
            final Facets.Bound greatest = facets.greatest();
            return Expr.alt(upwards(least, greatest, conditions), downwards(least, greatest, conditions));
        } catch (final SpillwayException tooLarge) {
            throw SchemaErrors.at(facets.pointerOf(JsonType.INTEGER), tooLarge);
        }
    }

    /** Numbers from 0. */
    private Expr upwards(final Facets.Bound least, final Facets.Bound greatest, final List<Expr> conditions) {
        if (greatest != null && greatest.value().signum() < 0) {
            return Expr.NEVER;
        }
        return magnitudes(least == null || least.value().signum() < 0 ? FROM_ZERO : least, greatest, conditions);
    }

    /** Numbers below 0: a sign, and the bounds change sides. */
    private Expr downwards(final Facets.Bound least, final Facets.Bound greatest, final List<Expr> conditions) {
        if (least != null && least.value().signum() >= 0) {
            return Expr.NEVER;
        }
        final Facets.Bound from = greatest == null || greatest.value().signum() >= 0 ? ABOVE_ZERO : negated(greatest);
        return Expr.seq(Expr.literal("-"), magnitudes(from, least == null ? null : negated(least), conditions));
    }

    private static Facets.Bound negated(final Facets.Bound bound) {
        return new Facets.Bound(bound.value().negate(), bound.exclusive());
    }

    private Expr magnitudes(final Facets.Bound from, final Facets.Bound to, final List<Expr> conditions) {
        final List<Expr> all = new ArrayList<>(conditions);
        if (from.exclusive() || from.value().signum() > 0) {
            all.add(DecimalText.atLeast(from));
        }
        if (to != null) {
            all.add(DecimalText.atMost(to));
        }
        return all.size() == 1 ? all.getFirst() : new Expr.Call(Intersection.of("number", all, MAX_STATES));
    }

    private void multiples(final BigDecimal of, final List<Expr> conditions, final String pointer) {
        final int places = Math.max(0, of.scale());
        final BigInteger unit = of.movePointRight(places).toBigIntegerExact();
        if (unit.multiply(BigInteger.valueOf(places + 1L)).compareTo(BigInteger.valueOf(MAX_REMAINDERS)) > 0) {
            notes.cannotKeep(pointer, "multiples of a number with so many digits");
            return;
        }
        conditions.add(DecimalText.multiples(unit.intValue(), places));
    }

    /** @return whether the conditions on numbers hold for one */
    static boolean allows(final Facets facets, final BigDecimal value) {
        final int low = facets.least() == null ? 1 : value.compareTo(facets.least().value());
        final int high = facets.greatest() == null ? -1 : value.compareTo(facets.greatest().value());
        return low >= 0 && (low > 0 || !facets.least().exclusive()) && high <= 0 && (high < 0 || !facets.greatest().exclusive())
            && (Math.abs((long) value.scale()) > 1_000
            ? facets.multiples().isEmpty() : facets.multiples().stream().allMatch(one -> value.remainder(one).signum() == 0));
    }
}
