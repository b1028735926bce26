package io.spillway.grammar.schema;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * A schema and where it stands.
 *
 * @param pointer JSON pointer after {@code #}
 */
record Position(JsonNode node, String pointer) {
    Position at(final String key) {
        return new Position(node.get(key), pointer + "/" + key.replace("~", "~0").replace("/", "~1"));
    }

    Position at(final int index) {
        return new Position(node.get(index), pointer + "/" + index);
    }
}
