package io.spillway.gateway.responses;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.gateway.json.Json;
import io.spillway.gateway.responses.ResponseHead.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What is kept of a response: as a document, the response itself with further fields beside its own, so that nothing lies deeper than
 * where it came in.
 *
 * @param input      the items that this response's request brought
 * @param run        the agent run it belongs to
 * @param seenMillis when whoever runs it last said so
 */
record StoredResponse(ObjectNode response, List<ObjectNode> input, String run, long seenMillis) {
    private static final String INPUT = "spillway_input";
    private static final String RUN = "spillway_run";
    private static final String SEEN = "spillway_seen_ms";

    byte[] document() {
        final ObjectNode document = Json.object();
        document.setAll(response);
        final ArrayNode items = document.putArray(INPUT);
        input.forEach(items::add);
        document.put(RUN, run).put(SEEN, seenMillis);
        return Json.bytes(document);
    }

    /** @throws io.spillway.domain.error.SpillwayException when the document is none of ours */
    static StoredResponse read(final byte[] document) {
        final ObjectNode response = Json.parse(document);
        final List<ObjectNode> input = objects(response.path(INPUT));
        final String run = response.path(RUN).asText();
        final long seenMillis = response.path(SEEN).asLong();
        response.remove(List.of(INPUT, RUN, SEEN));
        return new StoredResponse(response, input, run, seenMillis);
    }

    private static List<ObjectNode> objects(final JsonNode list) {
        final List<ObjectNode> objects = new ArrayList<>();
        for (final JsonNode element : list) {
            if (element instanceof ObjectNode object) {
                objects.add(object);
            }
        }
        return objects;
    }

    Status status() {
        return Status.of(response.path("status").asText());
    }

    Optional<String> previous() {
        return Optional.ofNullable(response.path("previous_response_id").textValue());
    }

    List<ObjectNode> output() {
        return objects(response.path("output"));
    }

    /** @return input, then output */
    List<ObjectNode> items() {
        final List<ObjectNode> items = new ArrayList<>(input);
        items.addAll(output());
        return items;
    }
}
