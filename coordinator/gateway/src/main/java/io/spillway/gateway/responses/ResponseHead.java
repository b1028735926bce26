package io.spillway.gateway.responses;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.gateway.json.Json;
import java.util.List;

/**
 * What stays the same in a response from its creation to its end. Immutable as long as nobody writes to the nodes; any thread.
 *
 * @param echo what the request asked for, as the response repeats it
 */
record ResponseHead(String id, long createdSeconds, ObjectNode echo) {
    /** Where a response stands. */
    enum Status {
        QUEUED, IN_PROGRESS, COMPLETED, INCOMPLETE, FAILED, CANCELLED;

        /** @return as the API spells it */
        String word() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }

        /** @return the status of that word; {@code FAILED} for a word that is none */
        static Status of(final String word) {
            for (final Status status : values()) {
                if (status.word().equals(word)) {
                    return status;
                }
            }
            return FAILED;
        }

        boolean running() {
            return this == QUEUED || this == IN_PROGRESS;
        }
    }

    /** @return names of the items */
    ItemIds ids() {
        return new ItemIds(id);
    }

    /** @return the response as it stands; {@code error}, {@code incomplete_details} and usage are for the caller to set */
    ObjectNode response(final Status status, final List<ObjectNode> output) {
        final ObjectNode response = Json.object().put("id", id).put("object", "response").put("created_at", createdSeconds)
            .put("status", status.word());
        response.putNull("completed_at").putNull("error").putNull("incomplete_details");
        final ArrayNode items = response.putArray("output");
        output.forEach(items::add);
        response.setAll(echo);
        return response;
    }
}
