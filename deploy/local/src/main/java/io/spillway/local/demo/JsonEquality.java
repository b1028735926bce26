package io.spillway.local.demo;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Comparator;

/** Equality of JSON values: key order does not matter, numbers are equal when their values are (1 equals 1.0). */
final class JsonEquality {
    private static final Comparator<JsonNode> BY_VALUE = (a, b) -> {
        if (a.isNumber() && b.isNumber()) {
            return a.decimalValue().compareTo(b.decimalValue());
        }
        return a.equals(b) ? 0 : 1;
    };

    private JsonEquality() {
    }

    static boolean equal(final JsonNode a, final JsonNode b) {
        return a.equals(BY_VALUE, b);
    }
}
