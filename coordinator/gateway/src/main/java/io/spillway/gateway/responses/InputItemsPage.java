package io.spillway.gateway.responses;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.gateway.http.HttpCall;
import io.spillway.gateway.json.Json;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/** One page of a response's input items. Stateless; any thread. */
final class InputItemsPage {
    private static final int LIMIT = 20;
    private static final int LIMIT_MAX = 100;

    private InputItemsPage() {
    }

    /** @throws SpillwayException naming a query parameter that is malformed */
    static ObjectNode of(final List<ObjectNode> input, final HttpCall call) {
        final List<ObjectNode> items = new ArrayList<>(input);
        switch (call.query("order").orElse("desc")) {
            case "desc" -> Collections.reverse(items);
            case "asc" -> { }
            default -> throw invalid("order", "expected asc or desc.");
        }
        final int from = call.query("after").map(id -> indexOf(items, id) + 1).orElse(0);
        final int to = Math.min(items.size(), from + limit(call.query("limit")));
        final List<ObjectNode> page = items.subList(from, to);
        final ObjectNode list = Json.object().put("object", "list");
        final ArrayNode array = list.putArray("data");
        page.forEach(array::add);
        return list.put("first_id", page.isEmpty() ? "" : page.getFirst().path("id").asText())
            .put("last_id", page.isEmpty() ? "" : page.getLast().path("id").asText()).put("has_more", to < items.size());
    }

    private static int indexOf(final List<ObjectNode> items, final String id) {
        for (int i = 0; i < items.size(); i++) {
            if (items.get(i).path("id").asText().equals(id)) {
                return i;
            }
        }
        throw invalid("after", "the response has no input item of that id.");
    }

    private static int limit(final Optional<String> text) {
        if (text.isEmpty()) {
            return LIMIT;
        }
        final long limit = Queries.number("limit", text.get());
        if (limit < 1 || limit > LIMIT_MAX) {
            throw SpillwayException.ofField(limit < 1 ? ErrorCode.BELOW_MINIMUM : ErrorCode.ABOVE_MAXIMUM, "limit",
                "Invalid 'limit': expected 1 to " + LIMIT_MAX + ".");
        }
        return (int) limit;
    }

    private static SpillwayException invalid(final String name, final String detail) {
        return SpillwayException.ofField(ErrorCode.INVALID_VALUE, name, "Invalid '" + name + "': " + detail);
    }
}
