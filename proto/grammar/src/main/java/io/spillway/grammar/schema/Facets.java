package io.spillway.grammar.schema;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Everything that some schemas together ask of one value. Filled by {@link FacetReader}; owned by one thread. */
final class Facets {
    /** A bound of a number; {@code exclusive}: the value itself is out. */
    record Bound(BigDecimal value, boolean exclusive) {
    }

    /** A pattern, and whether it must match the whole text. */
    record Pattern(String regex, boolean whole, String pointer) {
    }

    /** Several schemas of which one must hold; {@code oneOnly}: and no other. */
    record Choice(List<Position> branches, boolean oneOnly, String pointer) {
    }

    /** What one schema asks of an object's properties. */
    record Members(Map<String, Position> properties, Position additional, String pointer) {
    }

    /** What one schema asks of an array's items: the first ones by place, then the others; {@code rest} null: not said. */
    record Items(List<Position> first, Position rest) {
    }

    /** Types that are named; null: none is. */
    private Set<JsonType> types;
    /** Types that keywords speak of. */
    private final Map<JsonType, String> implied = new EnumMap<>(JsonType.class);
    /** The values that are allowed; null: not listed. */
    private List<JsonNode> values;
    private String valuesPointer;
    private boolean never;
    private boolean closed;
    private final List<Choice> choices = new ArrayList<>();

    private int minLength;
    private int maxLength = Integer.MAX_VALUE;
    private final List<Pattern> patterns = new ArrayList<>();

    private Bound least;
    private Bound greatest;
    private final List<BigDecimal> multiples = new ArrayList<>();

    private final List<Items> items = new ArrayList<>();
    private int minItems;
    private int maxItems = Integer.MAX_VALUE;

    private final List<Members> members = new ArrayList<>();
    private final Set<String> required = new LinkedHashSet<>();
    private final List<Position> names = new ArrayList<>();
    private int minProperties;
    private int maxProperties = Integer.MAX_VALUE;

    void never() {
        never = true;
    }

    boolean isNever() {
        return never;
    }

    void close() {
        closed = true;
    }

    /** @return whether only properties and items are allowed that some schema speaks of */
    boolean isClosed() {
        return closed;
    }

    void types(final Set<JsonType> named) {
        if (types == null) {
            types = EnumSet.copyOf(named);
        } else {
            types.retainAll(named);
        }
    }

    void implies(final JsonType type, final String pointer) {
        implied.put(type, pointer);
    }

    /** @return where a keyword speaks of a type */
    String pointerOf(final JsonType type) {
        return implied.getOrDefault(type, "");
    }

    /** @return the types that values are written in: where none is named, those that the keywords speak of */
    Set<JsonType> types() {
        if (types != null) {
            return types;
        }
        return implied.isEmpty() || values != null ? EnumSet.allOf(JsonType.class) : EnumSet.copyOf(implied.keySet());
    }

    boolean saysNothing() {
        return types == null && implied.isEmpty() && values == null && !never && !closed;
    }

    void values(final List<JsonNode> listed, final String pointer) {
        valuesPointer = pointer;
        if (values == null) {
            values = new ArrayList<>(listed);
        } else {
            values.removeIf(value -> listed.stream().noneMatch(value::equals));
        }
    }

    List<JsonNode> values() {
        return values;
    }

    String valuesPointer() {
        return valuesPointer;
    }

    void choice(final Choice choice) {
        choices.add(choice);
    }

    List<Choice> choices() {
        return choices;
    }

    void length(final int min, final int max) {
        minLength = Math.max(minLength, min);
        maxLength = Math.min(maxLength, max);
    }

    int minLength() {
        return minLength;
    }

    int maxLength() {
        return maxLength;
    }

    void pattern(final Pattern pattern) {
        patterns.add(pattern);
    }

    List<Pattern> patterns() {
        return patterns;
    }

    void atLeast(final Bound bound) {
        final int order = least == null ? 1 : bound.value().compareTo(least.value());
        if (order > 0 || order == 0 && bound.exclusive()) {
            least = bound;
        }
    }

    void atMost(final Bound bound) {
        final int order = greatest == null ? -1 : bound.value().compareTo(greatest.value());
        if (order < 0 || order == 0 && bound.exclusive()) {
            greatest = bound;
        }
    }

    Bound least() {
        return least;
    }

    Bound greatest() {
        return greatest;
    }

    void multipleOf(final BigDecimal value) {
        multiples.add(value);
    }

    List<BigDecimal> multiples() {
        return multiples;
    }

    void items(final Items part) {
        items.add(part);
    }

    List<Items> items() {
        return items;
    }

    void itemCount(final int min, final int max) {
        minItems = Math.max(minItems, min);
        maxItems = Math.min(maxItems, max);
    }

    int minItems() {
        return minItems;
    }

    int maxItems() {
        return maxItems;
    }

    void members(final Members part) {
        members.add(part);
    }

    List<Members> members() {
        return members;
    }

    void required(final String name) {
        required.add(name);
    }

    Set<String> required() {
        return required;
    }

    void names(final Position schema) {
        names.add(schema);
    }

    List<Position> names() {
        return names;
    }

    void propertyCount(final int min, final int max) {
        minProperties = Math.max(minProperties, min);
        maxProperties = Math.min(maxProperties, max);
    }

    int minProperties() {
        return minProperties;
    }

    int maxProperties() {
        return maxProperties;
    }

    /** @return what each schema asks of one property; empty where none asks anything */
    List<Position> property(final String name) {
        final List<Position> all = new ArrayList<>();
        for (final Members part : members) {
            if (part.properties().containsKey(name)) {
                all.add(part.properties().get(name));
            } else if (part.additional() != null) {
                all.add(part.additional());
            }
        }
        return all;
    }

    /** @return declared and required properties, in order of declaration */
    Set<String> propertyNames() {
        final Map<String, Boolean> all = new LinkedHashMap<>();
        members.forEach(part -> part.properties().keySet().forEach(name -> all.put(name, true)));
        required.forEach(name -> all.put(name, true));
        return all.keySet();
    }
}
