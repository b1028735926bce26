package io.spillway.grammar.schema;

import io.spillway.grammar.automaton.Expr;
import io.spillway.grammar.automaton.Rule;
import java.util.ArrayList;
import java.util.List;

/** Objects: declared properties in the order of declaration, then others where they are allowed. Owned by one thread. */
final class ObjectRules {
    private static final int MAX_NODES = 20_000;

    private final SchemaCompiler compiler;
    private final List<Expr.Graph.Edge> edges = new ArrayList<>();

    ObjectRules(final SchemaCompiler compiler) {
        this.compiler = compiler;
    }

    /**
     * What the properties are and how many there may be.
     *
     * @param pairs    name and value of each declared property
     * @param optional whether it may be missing
     * @param other    name and value of any further property; {@link Expr#NEVER} where there are none
     * @param counts   properties are counted up to this
     */
    private record Shape(List<Expr> pairs, List<Boolean> optional, Expr other, int counts, Facets facets) {
        boolean mayEnd(final int place, final int count) {
            return count >= Math.min(facets.minProperties(), counts) && count <= facets.maxProperties()
                && optional.subList(place, optional.size()).stream().allMatch(Boolean::booleanValue);
        }

        boolean mayGrow(final int count) {
            return count < facets.maxProperties();
        }

        int next(final int count) {
            return Math.min(count + 1, counts);
        }

        /** Node after the properties before {@code place} were decided about and {@code count} were written. */
        int between(final int place, final int count) {
            return 2 * (place * (counts + 1) + count);
        }

        /** As {@link #between}, with one more property to come. */
        int before(final int place, final int count) {
            return between(place, count) + 1;
        }

        int end() {
            return 2 * (pairs.size() + 1) * (counts + 1);
        }
    }

    Expr of(final Facets facets) {
        final List<String> names = List.copyOf(facets.propertyNames());
        final List<Expr> pairs = new ArrayList<>();
        final List<Boolean> optional = new ArrayList<>();
        for (final String name : names) {
            pairs.add(pair(name, facets));
            optional.add(!facets.required().contains(name));
        }
        final Shape shape = new Shape(pairs, optional, other(facets, names), counts(facets, names.size()), facets);
        if (shape.end() > MAX_NODES) {
            throw SchemaErrors.tooComplex(facets.pointerOf(JsonType.OBJECT), "has too many properties");
        }
        for (int place = 0; place <= pairs.size(); place++) {
            for (int count = 0; count <= shape.counts(); count++) {
                add(shape, place, count);
            }
        }
        return Expr.seq(Expr.literal("{"), new Expr.Graph(shape.end() + 1, shape.between(0, 0), shape.end(), edges), Expr.literal("}"));
    }

    /** Nothing is counted but whether a property came before, unless their number has bounds that can be missed. */
    private static int counts(final Facets facets, final int declared) {
        final boolean enough = facets.minProperties() <= facets.required().size();
        final boolean bounded = facets.maxProperties() < Integer.MAX_VALUE
            && (facets.maxProperties() < declared || !isClosed(facets));
        final int most = bounded ? Math.min(facets.maxProperties(), MAX_NODES) : 1;
        final int least = enough ? 1 : Math.min(facets.minProperties(), MAX_NODES);
        return Math.max(1, Math.max(most, least));
    }

    private void add(final Shape shape, final int place, final int count) {
        final JsonSyntax syntax = compiler.syntax();
        if (shape.mayGrow(count)) {
            edge(shape.between(place, count), count == 0 ? syntax.inside() : syntax.comma(), shape.before(place, count));
        }
        if (shape.mayEnd(place, count)) {
            edge(shape.between(place, count), count == 0 ? Expr.EMPTY : syntax.inside(), shape.end());
        }
        if (place < shape.pairs().size()) {
            edge(shape.before(place, count), shape.pairs().get(place), shape.between(place + 1, shape.next(count)));
            if (shape.optional().get(place)) {
                edge(shape.before(place, count), Expr.EMPTY, shape.before(place + 1, count));
            }
        } else if (shape.other() != Expr.NEVER) {
            edge(shape.before(place, count), shape.other(), shape.between(place, shape.next(count)));
        }
    }

    private void edge(final int from, final Expr expr, final int to) {
        edges.add(new Expr.Graph.Edge(from, expr, to));
    }

    private Expr pair(final String name, final Facets facets) {
        if (!facets.names().isEmpty() && !compiler.texts().allowsName(facets, name)) {
            return Expr.NEVER;
        }
        return Expr.seq(new Expr.Literal(SchemaDocument.write(name, facets.pointerOf(JsonType.OBJECT))), compiler.syntax().colon(),
            compiler.value(facets.property(name)));
    }

    private static boolean isClosed(final Facets facets) {
        final boolean said = facets.members().stream().anyMatch(part -> part.additional() != null);
        // What says nothing of additional properties has declared some, perhaps none at all.
        return !said && (!facets.members().isEmpty() || facets.isClosed());
    }

    private Expr other(final Facets facets, final List<String> names) {
        if (isClosed(facets)) {
            return Expr.NEVER;
        }
        final List<Position> additional = facets.members().stream().map(Facets.Members::additional).filter(part -> part != null).toList();
        final Expr value = compiler.value(additional);
        if (value == Expr.NEVER) {
            return Expr.NEVER;
        }
        final Expr name = names.isEmpty() && facets.names().isEmpty() ? JsonSyntax.string()
            : new Expr.Call(new Rule("property name").define(compiler.texts().otherNames(facets, names)));
        return Expr.seq(name, compiler.syntax().colon(), value);
    }
}
