package io.spillway.grammar.schema;

import io.spillway.domain.error.SpillwayException;
import io.spillway.grammar.automaton.Expr;
import io.spillway.grammar.automaton.Intersection;
import io.spillway.grammar.automaton.Rule;
import io.spillway.grammar.regex.CodePoints;
import io.spillway.grammar.regex.Encoding;
import io.spillway.grammar.regex.Regex;
import io.spillway.grammar.regex.RegexParser;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Strings: length, patterns, formats; and names of properties. Owned by one thread. */
final class TextRules {
    private static final int MAX_STATES = 60_000;
    private static final int MAX_COUNTED_CHARS = 1_000_000;
    private static final int MAX_NAME_CHARS = 512;
    private static final Expr QUOTE = Expr.literal("\"");
    private static final Expr ANY_CANONICAL = Expr.star(Encoding.JSON.of(CodePoints.ALL));

    private final SchemaDocument document;
    private final SchemaNotes notes;
    private final Map<String, Rule> rules = new HashMap<>();

    TextRules(final SchemaDocument document, final SchemaNotes notes) {
        this.document = document;
        this.notes = notes;
    }

    /** @return strings with their quotation marks */
    Expr of(final Facets facets) {
        final boolean counted = facets.minLength() > 0 || facets.maxLength() <= MAX_COUNTED_CHARS;
        if (facets.minLength() > facets.maxLength()) {
            return Expr.NEVER;
        }
        if (!counted && facets.patterns().isEmpty()) {
            return JsonSyntax.string();
        }
        final String key = (counted ? facets.minLength() + " to " + facets.maxLength() : "any") + " characters " + facets.patterns();
        final Rule known = rules.get(key);
        if (known != null) {
            return new Expr.Call(known);
        }
        final Rule rule = rule(facets, counted);
        rules.put(key, rule);
        return new Expr.Call(rule);
    }

    private Rule rule(final Facets facets, final boolean counted) {
        if (facets.minLength() > MAX_COUNTED_CHARS) {
            throw SchemaErrors.tooComplex(facets.pointerOf(JsonType.STRING), "asks for a string longer than " + MAX_COUNTED_CHARS + " characters");
        }
        final int max = facets.maxLength() > MAX_COUNTED_CHARS ? Expr.UNBOUNDED : facets.maxLength();
        final List<Expr> conditions = new ArrayList<>();
        facets.patterns().forEach(pattern -> conditions.add(content(pattern)));
        if (counted) {
            conditions.add(Expr.repeat(JsonSyntax.CHARACTER, facets.minLength(), max));
        }
        if (conditions.size() == 1) {
            return new Rule("string").define(Expr.seq(QUOTE, conditions.getFirst(), QUOTE));
        }
        try {
            final Rule content = Intersection.of("string", conditions, MAX_STATES);
            return new Rule("string").define(Expr.seq(QUOTE, new Expr.Call(content), QUOTE));
        } catch (final SpillwayException tooLarge) {
            throw FacetReader.at(facets.patterns().getFirst(), tooLarge);
        }
    }

    private static Expr content(final Facets.Pattern pattern) {
        try {
            final Regex regex = RegexParser.parse(pattern.regex());
            return pattern.whole() ? regex.whole(Encoding.JSON) : regex.anywhere(Encoding.JSON);
        } catch (final SpillwayException failure) {
            throw FacetReader.at(pattern, failure);
        }
    }

    /** @return whether the conditions on strings hold for one */
    boolean allows(final Facets facets, final String text) {
        final int length = text.codePointCount(0, text.length());
        return length >= facets.minLength() && length <= facets.maxLength()
            && facets.patterns().stream().allMatch(pattern -> matches(content(pattern), text));
    }

    private static boolean matches(final Expr content, final String text) {
        final List<Expr> chars = new ArrayList<>();
        text.codePoints().forEach(c -> chars.add(Encoding.JSON.of(CodePoints.range(c, c))));
        return !Intersection.isEmpty(List.of(content, Expr.seq(chars)), MAX_STATES);
    }

    /** @return whether the conditions on names hold for one; they are met by names in the form that {@link Encoding#JSON} writes */
    boolean allowsName(final Facets facets, final String name) {
        return nameConditions(facets).stream().allMatch(condition -> matches(condition, name));
    }

    private List<Expr> nameConditions(final Facets facets) {
        final List<Expr> conditions = new ArrayList<>();
        for (final Position at : facets.names()) {
            final Facets of = FacetReader.read(document, notes, List.of(at), Set.of());
            if (!of.choices().isEmpty() || of.isNever() || of.types().stream().noneMatch(type -> type == JsonType.STRING)) {
                throw SchemaErrors.unsupported(at.pointer(), "names may have a pattern, a format, a length, or be listed");
            }
            conditions.add(condition(of, at));
        }
        return conditions;
    }

    private Expr condition(final Facets facets, final Position at) {
        if (facets.values() != null) {
            final List<Expr> names = new ArrayList<>();
            facets.values().stream().filter(value -> value.isTextual() && allows(facets, value.textValue())).forEach(value -> {
                final byte[] quoted = SchemaDocument.write(value, at.pointer());
                names.add(new Expr.Literal(java.util.Arrays.copyOfRange(quoted, 1, quoted.length - 1)));
            });
            return Expr.alt(names);
        }
        final List<Expr> all = new ArrayList<>();
        facets.patterns().forEach(pattern -> all.add(content(pattern)));
        final int max = facets.maxLength() > MAX_COUNTED_CHARS ? Expr.UNBOUNDED : facets.maxLength();
        if (facets.minLength() > 0 || max != Expr.UNBOUNDED) {
            all.add(Expr.repeat(JsonSyntax.CHARACTER, facets.minLength(), max));
        }
        if (all.size() > 1) {
            throw SchemaErrors.unsupported(at.pointer(), "more than one condition on names");
        }
        return all.isEmpty() ? ANY_CANONICAL : all.getFirst();
    }

    /** @return names, with their quotation marks, that the conditions allow and that are none of the declared ones */
    Expr otherNames(final Facets facets, final List<String> declared) {
        final List<Expr> conditions = nameConditions(facets);
        final NameTree tree = new NameTree();
        for (final String name : declared) {
            if (name.length() > MAX_NAME_CHARS) {
                throw SchemaErrors.tooComplex(facets.pointerOf(JsonType.OBJECT), "has a property's name longer than " + MAX_NAME_CHARS + " characters");
            }
            tree.add(name);
        }
        conditions.add(tree.others());
        final Expr content = conditions.size() == 1 ? conditions.getFirst()
            : new Expr.Call(Intersection.of("property name", conditions, MAX_STATES));
        return Expr.seq(QUOTE, content, QUOTE);
    }

    /** Declared names, character by character. */
    private static final class NameTree {
        private final Map<Integer, NameTree> next = new TreeMap<>();
        private boolean name;

        void add(final String text) {
            NameTree at = this;
            for (final int c : text.codePoints().toArray()) {
                at = at.next.computeIfAbsent(c, _ -> new NameTree());
            }
            at.name = true;
        }

        /** A text that leaves the tree somewhere, or ends in it where no name does. */
        Expr others() {
            final List<Expr> forms = new ArrayList<>();
            if (!name) {
                forms.add(Expr.EMPTY);
            }
            CodePoints rest = CodePoints.ALL;
            for (final Map.Entry<Integer, NameTree> entry : next.entrySet()) {
                final CodePoints one = CodePoints.range(entry.getKey(), entry.getKey());
                rest = rest.minus(one);
                forms.add(Expr.seq(Encoding.JSON.of(one), entry.getValue().others()));
            }
            forms.add(Expr.seq(Encoding.JSON.of(rest), ANY_CANONICAL));
            return Expr.alt(forms);
        }
    }
}
