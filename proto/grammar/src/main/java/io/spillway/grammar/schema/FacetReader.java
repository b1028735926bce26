package io.spillway.grammar.schema;

import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.domain.error.SpillwayException;
import java.math.BigDecimal;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Reads what some schemas together ask of one value, through references and {@code allOf}. Owned by one thread. */
final class FacetReader {
    private static final int MAX_SCHEMAS = 2_000;
    private static final int MAX_DIGITS = 60;
    private static final Set<String> ANNOTATIONS = Set.of("title", "description", "default", "examples", "example", "$comment", "$schema",
        "$id", "id", "deprecated", "readOnly", "writeOnly", "$defs", "definitions", "contentEncoding", "contentMediaType", "strict");

    private final SchemaDocument document;
    private final SchemaNotes notes;
    private final Facets facets = new Facets();
    private final Set<String> seen = new HashSet<>();
    private final Deque<Position> open = new ArrayDeque<>();
    private final Set<String> decided;

    private FacetReader(final SchemaDocument document, final SchemaNotes notes, final Set<String> decided) {
        this.document = document;
        this.notes = notes;
        this.decided = decided;
    }

    /** @param decided pointers of the choices of which a branch is among the schemas already */
    static Facets read(final SchemaDocument document, final SchemaNotes notes, final Collection<Position> schemas, final Set<String> decided) {
        final FacetReader reader = new FacetReader(document, notes, decided);
        reader.open.addAll(schemas);
        while (!reader.open.isEmpty()) {
            reader.read(reader.open.poll());
        }
        return reader.facets;
    }

    private void read(final Position schema) {
        if (!seen.add(schema.pointer())) {
            return;
        }
        if (seen.size() > MAX_SCHEMAS) {
            throw SchemaErrors.tooComplex(schema.pointer(), "holds too many schemas for one value");
        }
        if (schema.node().isBoolean()) {
            if (!schema.node().booleanValue()) {
                facets.never();
            }
            return;
        }
        if (!schema.node().isObject()) {
            throw SchemaErrors.wrongType(schema.pointer(), "a schema: an object, true or false");
        }
        readMembers(schema);
        readItems(schema);
        schema.node().fieldNames().forEachRemaining(key -> keyword(schema, key));
    }

    private void keyword(final Position schema, final String key) {
        final Position at = schema.at(key);
        switch (key) {
            case "$ref" -> open.add(document.resolve(text(at), at.pointer()));
            case "allOf" -> open.addAll(schemas(at));
            case "anyOf" -> choice(at, false);
            case "oneOf" -> choice(at, true);
            case "type" -> facets.types(types(schema, at));
            case "nullable" -> {
                // Read with the type.
            }
            case "enum" -> facets.values(list(at), at.pointer());
            case "const" -> facets.values(List.of(at.node()), at.pointer());
            case "minLength", "maxLength", "pattern", "format" -> string(at, key);
            case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf" -> number(schema, at, key);
            case "minItems", "maxItems", "items", "prefixItems", "additionalItems", "uniqueItems" -> array(at, key);
            case "properties", "required", "additionalProperties", "minProperties", "maxProperties", "propertyNames",
                "patternProperties" -> object(schema, at, key);
            default -> other(at, key);
        }
    }

    private void other(final Position at, final String key) {
        if (ANNOTATIONS.contains(key) || key.startsWith("x-")) {
            return;
        }
        switch (key) {
            case "unevaluatedProperties", "unevaluatedItems" -> {
                if (!at.node().isBoolean()) {
                    notes.cannotKeep(at.pointer(), "schemas for what no other keyword speaks of");
                }
                // Nothing is written that no keyword speaks of, whether or not it would be allowed.
                facets.close();
            }
            case "not", "if", "contains", "minContains", "maxContains", "dependentRequired", "dependentSchemas", "dependencies" ->
                notes.cannotKeep(at.pointer(), "a condition that depends on other parts of the value");
            case "then", "else" -> {
                // Part of "if".
            }
            case "$dynamicRef", "$recursiveRef" -> throw SchemaErrors.unsupported(at.pointer(), "dynamic references");
            default -> notes.cannotKeep(at.pointer(), "an unknown keyword");
        }
    }

    private void choice(final Position at, final boolean oneOnly) {
        if (!decided.contains(at.pointer())) {
            final List<Position> branches = schemas(at);
            if (branches.isEmpty()) {
                throw SchemaErrors.invalid(at.pointer(), "has no branch");
            }
            facets.choice(new Facets.Choice(branches, oneOnly, at.pointer()));
        }
    }

    private static Set<JsonType> types(final Position schema, final Position at) {
        final Set<JsonType> types = EnumSet.noneOf(JsonType.class);
        for (final JsonNode name : at.node().isArray() ? at.node() : List.of(at.node())) {
            final Set<JsonType> named = name.isTextual() ? JsonType.named(name.textValue()) : null;
            if (named == null) {
                throw SchemaErrors.wrongType(at.pointer(), "null, boolean, integer, number, string, array or object, or a list of these");
            }
            types.addAll(named);
        }
        if (schema.node().path("nullable").asBoolean()) {
            types.add(JsonType.NULL);
        }
        return types;
    }

    private void string(final Position at, final String key) {
        if (!key.equals("format") || !Formats.isOfNumbers(text(at))) {
            facets.implies(JsonType.STRING, at.pointer());
        }
        switch (key) {
            case "minLength" -> facets.length(count(at), Integer.MAX_VALUE);
            case "maxLength" -> facets.length(0, count(at));
            case "pattern" -> facets.pattern(new Facets.Pattern(text(at), false, at.pointer()));
            default -> format(at);
        }
    }

    private void format(final Position at) {
        final String name = text(at);
        if (Formats.isOfNumbers(name)) {
            Formats.bounds(name, facets);
        } else if (Formats.regex(name) != null) {
            facets.pattern(new Facets.Pattern(Formats.regex(name), true, at.pointer()));
        } else if (!Formats.saysNothing(name)) {
            notes.cannotKeep(at.pointer(), "this format");
        }
    }

    private void number(final Position schema, final Position at, final String key) {
        facets.implies(JsonType.INTEGER, at.pointer());
        facets.implies(JsonType.FRACTION, at.pointer());
        if (at.node().isBoolean() && key.startsWith("exclusive")) {
            // Draft 4: says of the bound beside it that it is exclusive; read with it.
            return;
        }
        final BigDecimal value = decimal(at);
        switch (key) {
            case "minimum" -> facets.atLeast(new Facets.Bound(value, schema.node().path("exclusiveMinimum").asBoolean(false)));
            case "maximum" -> facets.atMost(new Facets.Bound(value, schema.node().path("exclusiveMaximum").asBoolean(false)));
            case "exclusiveMinimum" -> facets.atLeast(new Facets.Bound(value, true));
            case "exclusiveMaximum" -> facets.atMost(new Facets.Bound(value, true));
            default -> {
                if (value.signum() <= 0) {
                    throw SchemaErrors.invalid(at.pointer(), "must be above 0");
                }
                facets.multipleOf(value);
            }
        }
    }

    private void array(final Position at, final String key) {
        facets.implies(JsonType.ARRAY, at.pointer());
        switch (key) {
            case "minItems" -> facets.itemCount(count(at), Integer.MAX_VALUE);
            case "maxItems" -> facets.itemCount(0, count(at));
            case "uniqueItems" -> {
                if (at.node().asBoolean()) {
                    notes.cannotKeep(at.pointer(), "which items came before");
                }
            }
            default -> {
                // Read together, before.
            }
        }
    }

    private void readItems(final Position schema) {
        final JsonNode node = schema.node();
        final boolean old = node.path("items").isArray();
        final List<Position> first = node.has("prefixItems") ? schemas(schema.at("prefixItems")) : old ? schemas(schema.at("items")) : List.of();
        final String restKey = old ? "additionalItems" : "items";
        final Position rest = node.has(restKey) ? schema.at(restKey) : null;
        if (!first.isEmpty() || rest != null) {
            facets.items(new Facets.Items(first, rest));
        }
    }

    private void readMembers(final Position schema) {
        final JsonNode node = schema.node();
        if (!node.has("properties") && !node.has("additionalProperties")) {
            return;
        }
        final Map<String, Position> properties = new LinkedHashMap<>();
        if (node.has("properties")) {
            final Position at = schema.at("properties");
            if (!at.node().isObject()) {
                throw SchemaErrors.wrongType(at.pointer(), "an object");
            }
            at.node().fieldNames().forEachRemaining(name -> properties.put(name, at.at(name)));
        }
        final Position additional = node.has("additionalProperties") ? schema.at("additionalProperties") : null;
        facets.members(new Facets.Members(properties, additional, schema.pointer()));
    }

    private void object(final Position schema, final Position at, final String key) {
        facets.implies(JsonType.OBJECT, at.pointer());
        switch (key) {
            case "required" -> list(at).forEach(name -> {
                if (!name.isTextual()) {
                    throw SchemaErrors.wrongType(at.pointer(), "a list of names");
                }
                facets.required(name.textValue());
            });
            case "minProperties" -> facets.propertyCount(count(at), Integer.MAX_VALUE);
            case "maxProperties" -> facets.propertyCount(0, count(at));
            case "propertyNames" -> facets.names(at);
            case "patternProperties" -> {
                // Properties that are never written need no schema.
                final JsonNode additional = schema.node().path("additionalProperties");
                if (!additional.isMissingNode() && !additional.equals(com.fasterxml.jackson.databind.node.BooleanNode.FALSE)
                    || schema.node().path("properties").isEmpty()) {
                    throw SchemaErrors.unsupported(at.pointer(), "only objects without additional properties may have it");
                }
                notes.cannotKeep(at.pointer(), "properties by pattern; they are never written");
            }
            default -> {
                // Read together, before.
            }
        }
    }

    private static String text(final Position at) {
        if (!at.node().isTextual()) {
            throw SchemaErrors.wrongType(at.pointer(), "a text");
        }
        return at.node().textValue();
    }

    private static List<JsonNode> list(final Position at) {
        if (!at.node().isArray()) {
            throw SchemaErrors.wrongType(at.pointer(), "a list");
        }
        final List<JsonNode> all = new ArrayList<>();
        at.node().forEach(all::add);
        return all;
    }

    private static List<Position> schemas(final Position at) {
        if (!at.node().isArray()) {
            throw SchemaErrors.wrongType(at.pointer(), "a list of schemas");
        }
        final List<Position> all = new ArrayList<>();
        for (int i = 0; i < at.node().size(); i++) {
            all.add(at.at(i));
        }
        return all;
    }

    private static BigDecimal decimal(final Position at) {
        final BigDecimal value = at.node().isNumber() ? at.node().decimalValue() : null;
        if (value == null) {
            throw SchemaErrors.wrongType(at.pointer(), "a number");
        }
        if (value.precision() > MAX_DIGITS || Math.abs((long) value.scale()) > MAX_DIGITS) {
            throw SchemaErrors.tooComplex(at.pointer(), "has more than " + MAX_DIGITS + " digits");
        }
        return value;
    }

    private static int count(final Position at) {
        final BigDecimal value = decimal(at);
        if (value.signum() < 0 || value.stripTrailingZeros().scale() > 0) {
            throw SchemaErrors.invalid(at.pointer(), "must be a whole number from 0");
        }
        return value.compareTo(BigDecimal.valueOf(Integer.MAX_VALUE)) >= 0 ? Integer.MAX_VALUE : value.intValue();
    }

    /** A failure of a pattern, said of its place. */
    static SpillwayException at(final Facets.Pattern pattern, final SpillwayException failure) {
        return SchemaErrors.at(pattern.pointer(), failure);
    }
}
