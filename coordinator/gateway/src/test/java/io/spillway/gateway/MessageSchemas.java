package io.spillway.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Holds answers and streams of the Messages API against its types, and its streams against their grammar. */
final class MessageSchemas {
    private static final ObjectNode DOCUMENT = load();
    private static final Map<String, JsonSchema> SCHEMAS = new ConcurrentHashMap<>();

    private MessageSchemas() {
    }

    private static ObjectNode load() {
        try (InputStream file = MessageSchemas.class.getResourceAsStream("/anthropic/schemas.json")) {
            return (ObjectNode) TestCluster.JSON.readTree(file);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static JsonSchema schema(final String name) {
        assertThat(DOCUMENT.path("$defs").has(name)).as(name).isTrue();
        return JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012).getSchema(DOCUMENT.deepCopy().put("$ref", "#/$defs/" + name));
    }

    static JsonNode check(final String name, final JsonNode answer) {
        assertThat(SCHEMAS.computeIfAbsent(name, MessageSchemas::schema).validate(answer)).as(name + ": " + answer).isEmpty();
        return answer;
    }

    /** @return the message of an answer that must be fine */
    static JsonNode message(final HttpResponse<String> response) {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        assertThat(response.headers().firstValue("request-id")).isEqualTo(response.headers().firstValue("x-request-id"));
        return check("Message", TestCluster.json(response.body()));
    }

    /** @return the events of a stream, each of its type, in the order that clients rely on */
    static List<JsonNode> events(final HttpResponse<String> response) {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        assertThat(response.headers().firstValue("content-type")).get().asString().startsWith("text/event-stream");
        final List<JsonNode> events = new ArrayList<>();
        for (final String event : response.body().split("\n\n")) {
            if (event.startsWith(":")) {
                continue;
            }
            final String[] lines = event.split("\n");
            assertThat(lines).as(event).hasSize(2);
            final JsonNode data = TestCluster.json(lines[1].substring("data: ".length()));
            assertThat(lines[0]).isEqualTo("event: " + data.path("type").asText());
            events.add(check(data.path("type").asText(), data));
        }
        inOrder(events);
        return events;
    }

    private static void inOrder(final List<JsonNode> events) {
        int open = -1;
        int blocks = 0;
        boolean delta = false;
        for (int i = 0; i < events.size(); i++) {
            final JsonNode event = events.get(i);
            final String type = event.path("type").asText();
            assertThat(type.equals("message_start")).as("start is first, and only first").isEqualTo(i == 0);
            switch (type) {
                case "content_block_start" -> {
                    assertThat(open).isEqualTo(-1);
                    open = blocks++;
                    assertThat(event.path("index").asInt()).isEqualTo(open);
                }
                case "content_block_delta" -> assertThat(event.path("index").asInt()).isEqualTo(open);
                case "content_block_stop" -> {
                    assertThat(event.path("index").asInt()).isEqualTo(open);
                    open = -1;
                }
                case "message_delta" -> {
                    assertThat(open).isEqualTo(-1);
                    delta = true;
                }
                case "message_stop" -> assertThat(delta).isTrue();
                default -> assertThat(type).isIn("message_start", "ping", "error");
            }
        }
        assertThat(events.getLast().path("type").asText()).isIn("message_stop", "error");
    }

    /** @return all pieces of the deltas of one type within block {@code index} */
    static String assembled(final List<JsonNode> events, final int index, final String field) {
        final StringBuilder text = new StringBuilder();
        for (final JsonNode event : events) {
            if (event.path("type").asText().equals("content_block_delta") && event.path("index").asInt() == index) {
                text.append(event.path("delta").path(field).asText(""));
            }
        }
        return text.toString();
    }

    /** @return the events of that type */
    static List<JsonNode> of(final List<JsonNode> events, final String type) {
        return events.stream().filter(event -> event.path("type").asText().equals(type)).toList();
    }
}
