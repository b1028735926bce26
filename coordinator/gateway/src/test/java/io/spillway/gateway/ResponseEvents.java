package io.spillway.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.testkit.openai.OpenAiSchemas;
import java.util.ArrayList;
import java.util.List;

/** Reads streams of the Responses API and holds every event against the published schemas. */
final class ResponseEvents {
    private ResponseEvents() {
    }

    /** @return the events, each fit, named by its type, and numbered from {@code first} without a gap */
    static List<JsonNode> of(final String stream, final long first) {
        final List<JsonNode> events = new ArrayList<>();
        for (final String block : stream.split("\n\n")) {
            if (block.startsWith(":")) {
                continue;
            }
            final String[] lines = block.split("\n");
            assertThat(lines).as(block).hasSize(2);
            assertThat(lines[1]).startsWith("data: ");
            final JsonNode event = TestCluster.json(lines[1].substring(6));
            assertThat(lines[0]).isEqualTo("event: " + event.get("type").asText());
            assertThat(event.get("sequence_number").asLong()).isEqualTo(first + events.size());
            OpenAiSchemas.checkResponseEvent(event);
            events.add(event);
        }
        return events;
    }

    static List<String> types(final List<JsonNode> events) {
        return events.stream().map(event -> event.get("type").asText().replaceFirst("^response\\.", "")).toList();
    }

    /** @return what the deltas of one kind say together */
    static String joined(final List<JsonNode> events, final String type) {
        final StringBuilder text = new StringBuilder();
        events.stream().filter(event -> event.get("type").asText().equals(type)).forEach(event -> text.append(event.get("delta").asText()));
        return text.toString();
    }
}
