package io.spillway.systemtest.wire;

import static io.spillway.systemtest.wire.WireRules.require;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.testkit.openai.OpenAiSchemas;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What a stream of the Responses API promises beyond the shape of each event. One instance reads one stream. */
final class ResponseStreamRules {
    private static final Set<String> ENDS = Set.of("response.completed", "response.incomplete", "response.failed");
    private final Map<String, StringBuilder> deltas = new HashMap<>();
    private final Set<Integer> open = new HashSet<>();
    private long next = -1;

    private ResponseStreamRules() {
    }

    /** @param whole whether the client read to the end */
    static void check(final List<SseEvents.Event> events, final boolean whole) throws JsonProcessingException {
        final ResponseStreamRules rules = new ResponseStreamRules();
        for (final SseEvents.Event event : events) {
            final JsonNode data = WireRules.JSON.readTree(event.data());
            require(event.name().equals(data.path("type").asText()), "the event's name equals its type: " + event);
            OpenAiSchemas.checkResponseEvent(data);
            rules.event(data);
        }
        if (whole) {
            require(!events.isEmpty() && ENDS.contains(events.getLast().name()), "a stream ends with one of " + ENDS);
            require(rules.open.isEmpty(), "every item that began is done");
        }
    }

    private void event(final JsonNode event) {
        final long number = event.get("sequence_number").asLong();
        final String type = event.get("type").asText();
        if (next < 0) {
            require(number > 0 || type.equals("response.created"), "a stream begins with response.created, or in its middle when asked to");
            next = number;
        }
        require(number == next, "sequence_number has no gaps: expected " + next + " and got " + number);
        next++;
        switch (type) {
            case "response.output_item.added" -> require(open.add(event.get("output_index").asInt()), "an item begins once");
            // A stream that was taken up in its middle may miss the beginning.
            case "response.output_item.done" -> open.remove(event.get("output_index").asInt());
            case "response.output_text.delta", "response.function_call_arguments.delta" -> deltas
                .computeIfAbsent(key(event), _ -> new StringBuilder()).append(event.get("delta").asText());
            case "response.output_text.done" -> same(event, event.get("text").asText());
            case "response.function_call_arguments.done" -> same(event, event.get("arguments").asText());
            default -> { }
        }
    }

    private void same(final JsonNode event, final String whole) {
        final StringBuilder joined = deltas.get(key(event));
        require(joined == null || whole.endsWith(joined.toString()), "the deltas make up the whole: " + joined + " and " + whole);
    }

    private static String key(final JsonNode event) {
        return event.get("item_id").asText() + "/" + event.path("content_index").asInt(-1);
    }
}
