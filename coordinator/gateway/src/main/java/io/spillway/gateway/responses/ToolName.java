package io.spillway.gateway.responses;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * What a tool is called.
 *
 * @param namespace the group it belongs to; "" = none
 * @param own       its name within the group
 */
record ToolName(String namespace, String own) {
    private static final String BETWEEN = "__";

    /** @return the name of the tool that an item of a conversation calls */
    static ToolName of(final ObjectNode item) {
        final JsonNode namespace = item.get("namespace");
        return new ToolName(namespace == null ? "" : namespace.asText(), item.path("name").asText());
    }

    /** @return the one name under which the model knows it */
    String told() {
        return namespace.isEmpty() ? own : namespace + BETWEEN + own;
    }

    /** Names the tool in an item. */
    void write(final ObjectNode item) {
        if (!namespace.isEmpty()) {
            item.put("namespace", namespace);
        }
        item.put("name", own);
    }
}
