package io.spillway.grammar.schema;

import io.spillway.grammar.automaton.Expr;
import java.util.ArrayList;
import java.util.List;

/** Arrays: the first items by place, the others alike, and how many there are. Owned by one thread. */
final class ArrayRules {
    private static final int MAX_PLACES = 256;
    /** More items than these are not counted: no answer is so long. */
    private static final int MAX_COUNTED = 100_000;

    private final SchemaCompiler compiler;

    ArrayRules(final SchemaCompiler compiler) {
        this.compiler = compiler;
    }

    Expr of(final Facets facets) {
        final int placed = facets.items().stream().mapToInt(part -> part.first().size()).max().orElse(0);
        if (placed > MAX_PLACES || facets.minItems() > MAX_COUNTED) {
            throw SchemaErrors.tooComplex(facets.pointerOf(JsonType.ARRAY), "asks for too many items");
        }
        final int max = facets.maxItems() > MAX_COUNTED ? Expr.UNBOUNDED : facets.maxItems();
        if (max != Expr.UNBOUNDED && max < facets.minItems()) {
            return Expr.NEVER;
        }
        final boolean open = placed == 0 && !facets.isClosed() || facets.items().stream().anyMatch(part -> part.rest() != null)
            || facets.minItems() > placed;
        final Expr rest = open ? compiler.value(restOf(facets)) : Expr.NEVER;
        final Expr items = placed == 0
            ? compiler.syntax().items(rest, facets.minItems(), max) : placed(facets, placed, rest, max);
        return Expr.seq(Expr.literal("["), items, Expr.literal("]"));
    }

    private static List<Position> restOf(final Facets facets) {
        return facets.items().stream().filter(part -> part.rest() != null).map(Facets.Items::rest).toList();
    }

    private static List<Position> at(final Facets facets, final int place) {
        final List<Position> all = new ArrayList<>();
        for (final Facets.Items part : facets.items()) {
            if (place < part.first().size()) {
                all.add(part.first().get(place));
            } else if (part.rest() != null) {
                all.add(part.rest());
            }
        }
        return all;
    }

    /** From the last place to the first: what may follow is known by then. */
    private Expr placed(final Facets facets, final int places, final Expr rest, final int max) {
        final JsonSyntax syntax = compiler.syntax();
        final int min = facets.minItems();
        final int most = max == Expr.UNBOUNDED ? max : Math.max(0, max - places);
        Expr after = Expr.repeat(Expr.seq(syntax.comma(), rest), Math.max(0, min - places), most);
        for (int place = Math.min(places, max == Expr.UNBOUNDED ? places : max) - 1; place >= 0; place--) {
            final Expr item = Expr.seq(place == 0 ? syntax.inside() : syntax.comma(), compiler.value(at(facets, place)), after);
            final Expr ended = place == 0 ? Expr.seq(item, syntax.inside()) : item;
            after = place < min ? ended : Expr.optional(ended);
        }
        return max == 0 ? Expr.EMPTY : after;
    }
}
