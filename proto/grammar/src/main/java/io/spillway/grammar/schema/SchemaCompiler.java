package io.spillway.grammar.schema;

import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.grammar.automaton.Expr;
import io.spillway.grammar.automaton.Rule;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Turns a schema into a rule for the JSON text of the values that it allows. Owned by one thread. */
public final class SchemaCompiler {
    private static final int MAX_PLACES = 5_000;
    private static final int MAX_DEPTH = 150;

    private final SchemaDocument document;
    private final SchemaNotes notes;
    private final JsonSyntax syntax;
    private final Map<String, Rule> rules = new HashMap<>();
    private final TextRules texts;
    private final NumberRules numbers;
    private int depth;

    private SchemaCompiler(final String schema, final boolean strict, final Whitespace whitespace) {
        this.document = SchemaDocument.read(schema);
        this.notes = new SchemaNotes(strict);
        this.syntax = JsonSyntax.of(whitespace);
        this.texts = new TextRules(document, notes);
        this.numbers = new NumberRules(notes);
    }

    /**
     * A schema, compiled.
     *
     * @param rule  not prepared yet
     * @param notes one sentence for each keyword that is not kept; empty for a strict schema
     */
    public record Compiled(Rule rule, List<String> notes) {
    }

    /**
     * @param schema JSON text
     * @param strict whether what cannot be kept is refused; it is noted otherwise
     * @throws SpillwayException with the JSON pointer of the keyword as its field
     */
    public static Compiled compile(final String schema, final boolean strict, final Whitespace whitespace) {
        final SchemaCompiler compiler = new SchemaCompiler(schema, strict, whitespace);
        final Expr value = compiler.value(List.of(compiler.document.root()), Set.of());
        return new Compiled(new Rule("schema").define(value), compiler.notes.all());
    }

    JsonSyntax syntax() {
        return syntax;
    }

    TextRules texts() {
        return texts;
    }

    SchemaNotes notes() {
        return notes;
    }

    /** @return the values of which all the schemas hold */
    Expr value(final Collection<Position> schemas) {
        return value(schemas, Set.of());
    }

    private Expr value(final Collection<Position> schemas, final Set<String> decided) {
        final Set<String> key = new TreeSet<>();
        schemas.forEach(schema -> key.add("#" + schema.pointer()));
        final String name = String.join(" & ", key) + (decided.isEmpty() ? "" : " with " + new TreeSet<>(decided));
        final Rule known = rules.get(name);
        if (known != null) {
            return new Expr.Call(known);
        }
        final Facets facets = FacetReader.read(document, notes, schemas, decided);
        if (facets.isNever()) {
            return Expr.NEVER;
        }
        if (facets.saysNothing() && facets.choices().isEmpty()) {
            return new Expr.Call(syntax.value());
        }
        if (facets.choices().isEmpty() && isSmall(facets)) {
            return typed(facets);
        }
        if (rules.size() == MAX_PLACES || depth == MAX_DEPTH) {
            throw SchemaErrors.tooComplex(schemas.iterator().next().pointer(), "is too deep, or combines too many alternatives");
        }
        final Rule rule = new Rule(name);
        rules.put(name, rule);
        depth++;
        rule.define(facets.choices().isEmpty() ? typed(facets) : branches(schemas, decided, facets));
        depth--;
        return new Expr.Call(rule);
    }

    /** A value without parts needs no rule of its own. */
    private static boolean isSmall(final Facets facets) {
        return facets.values() == null && !facets.types().contains(JsonType.ARRAY) && !facets.types().contains(JsonType.OBJECT);
    }

    private Expr branches(final Collection<Position> schemas, final Set<String> decided, final Facets facets) {
        final Facets.Choice choice = facets.choices().getFirst();
        if (choice.oneOnly()) {
            checkApart(choice);
        }
        final Set<String> now = new HashSet<>(decided);
        now.add(choice.pointer());
        final List<Expr> branches = new ArrayList<>();
        for (final Position branch : choice.branches()) {
            final List<Position> all = new ArrayList<>(schemas);
            all.add(branch);
            branches.add(value(all, now));
        }
        return Expr.alt(branches);
    }

    /** {@code oneOf} is {@code anyOf} where no value can be in two branches. */
    private void checkApart(final Facets.Choice choice) {
        final List<Facets> branches = choice.branches().stream()
            .map(branch -> FacetReader.read(document, new SchemaNotes(false), List.of(branch), Set.of())).toList();
        for (int i = 0; i < branches.size(); i++) {
            for (int j = 0; j < i; j++) {
                if (!apart(branches.get(i), branches.get(j), 0)) {
                    notes.cannotKeep(choice.pointer(), "branches of which a value may match two; tell them apart by type or by a "
                        + "required property with a constant, or use anyOf");
                    return;
                }
            }
        }
    }

    private boolean apart(final Facets a, final Facets b, final int level) {
        final Set<JsonType> common = new HashSet<>(a.types());
        common.retainAll(b.types());
        if (a.isNever() || b.isNever() || common.isEmpty()) {
            return true;
        }
        if (a.values() != null && b.values() != null) {
            return a.values().stream().noneMatch(b.values()::contains);
        }
        if (!common.equals(Set.of(JsonType.OBJECT)) || level > 2) {
            return false;
        }
        final Set<String> both = new HashSet<>(a.required());
        both.retainAll(b.required());
        for (final String name : both) {
            final List<Position> one = a.property(name);
            final List<Position> other = b.property(name);
            if (!one.isEmpty() && !other.isEmpty() && apart(read(one), read(other), level + 1)) {
                return true;
            }
        }
        return false;
    }

    private Facets read(final List<Position> schemas) {
        return FacetReader.read(document, new SchemaNotes(false), schemas, Set.of());
    }

    private Expr typed(final Facets facets) {
        if (facets.values() != null) {
            return listed(facets);
        }
        final List<Expr> forms = new ArrayList<>();
        final Set<JsonType> types = facets.types();
        if (types.contains(JsonType.NULL)) {
            forms.add(Expr.literal("null"));
        }
        if (types.contains(JsonType.BOOLEAN)) {
            forms.add(Expr.choice(List.of("true", "false")));
        }
        if (types.contains(JsonType.INTEGER) || types.contains(JsonType.FRACTION)) {
            forms.add(numbers.of(facets));
        }
        if (types.contains(JsonType.STRING)) {
            forms.add(texts.of(facets));
        }
        if (types.contains(JsonType.ARRAY)) {
            forms.add(new ArrayRules(this).of(facets));
        }
        if (types.contains(JsonType.OBJECT)) {
            forms.add(new ObjectRules(this).of(facets));
        }
        return Expr.alt(forms);
    }

    private Expr listed(final Facets facets) {
        final List<byte[]> texts = new ArrayList<>();
        for (final JsonNode value : facets.values()) {
            if (isAllowed(value, facets)) {
                texts.add(SchemaDocument.write(value, facets.valuesPointer()));
            }
        }
        return new Expr.Choice(texts);
    }

    private boolean isAllowed(final JsonNode value, final Facets facets) {
        final JsonType type = JsonType.of(value);
        if (!facets.types().contains(type)) {
            return false;
        }
        switch (type) {
            case INTEGER, FRACTION -> {
                return NumberRules.allows(facets, value.decimalValue());
            }
            case STRING -> {
                return texts.allows(facets, value.textValue());
            }
            case ARRAY -> {
                if (!facets.items().isEmpty() || facets.minItems() > 0 || facets.maxItems() < Integer.MAX_VALUE) {
                    notes.cannotKeep(facets.valuesPointer(), "conditions on items beside a list of values");
                }
            }
            case OBJECT -> {
                if (!facets.members().isEmpty() || !facets.required().isEmpty() || facets.minProperties() > 0) {
                    notes.cannotKeep(facets.valuesPointer(), "conditions on properties beside a list of values");
                }
            }
            default -> {
                // No other condition is about them.
            }
        }
        return true;
    }

    /** @return the failure that says a schema allows no value */
    public static SpillwayException allowsNothing() {
        return SpillwayException.ofField(ErrorCode.INVALID_VALUE, "#", "schema: no value satisfies it");
    }
}
