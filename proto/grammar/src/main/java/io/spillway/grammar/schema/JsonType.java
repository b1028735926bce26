package io.spillway.grammar.schema;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.EnumSet;
import java.util.Set;

/** JSON Schema's types; whole numbers apart from the others. */
enum JsonType {
    NULL, BOOLEAN, INTEGER, FRACTION, STRING, ARRAY, OBJECT;

    /** @return the types of a name; null when there is none of that name */
    static Set<JsonType> named(final String name) {
        return switch (name) {
            case "null" -> EnumSet.of(NULL);
            case "boolean" -> EnumSet.of(BOOLEAN);
            case "integer" -> EnumSet.of(INTEGER);
            case "number" -> EnumSet.of(INTEGER, FRACTION);
            case "string" -> EnumSet.of(STRING);
            case "array" -> EnumSet.of(ARRAY);
            case "object" -> EnumSet.of(OBJECT);
            default -> null;
        };
    }

    static JsonType of(final JsonNode value) {
        return switch (value.getNodeType()) {
            case NULL -> NULL;
            case BOOLEAN -> BOOLEAN;
            case NUMBER -> isWhole(value) ? INTEGER : FRACTION;
            case ARRAY -> ARRAY;
            case OBJECT -> OBJECT;
            default -> STRING;
        };
    }

    private static boolean isWhole(final JsonNode value) {
        return value.isIntegralNumber() || value.decimalValue().stripTrailingZeros().scale() <= 0;
    }
}
