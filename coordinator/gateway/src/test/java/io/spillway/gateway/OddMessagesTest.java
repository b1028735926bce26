package io.spillway.gateway;

import static io.spillway.gateway.TestCluster.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** Whatever a body holds, it is answered, or refused with the client's own fault named: never with ours. */
class OddMessagesTest {
    private static final List<String> FIELDS = List.of("model", "messages", "system", "max_tokens", "tools", "tool_choice", "stop_sequences",
        "temperature", "top_p", "top_k", "metadata", "thinking", "output_config", "output_format", "context_management", "service_tier",
        "container", "mcp_servers", "cache_control", "stream");
    private static final List<String> VALUES = List.of("null", "true", "0", "-1", "2.5", "1e308", "99999999999999999999999999",
        "\"\"", "\"text\"", "\"\\u0000\"", "\"\\ud800\"", "[]", "[null]", "[[]]", "[{}]", "[\"a\",null]", "{}", "{\"a\":null}",
        "{\"type\":null}", "{\"type\":\"tool\",\"name\":\"\"}", "[{\"type\":\"text\",\"text\":\"\\ud800\"}]",
        "[{\"role\":\"user\",\"content\":[null]}]", "[{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"\",\"content\":[{}]}]}]",
        "[{\"role\":\"assistant\",\"content\":\"x\"}]", "[{\"name\":\"a\",\"input_schema\":{\"type\":7},\"strict\":true}]");
    private static TestCluster cluster;

    @BeforeContainer
    static void start() {
        cluster = new TestCluster();
        cluster.view = TestCluster.view(1, 1 << 20);
        cluster.line.play("hi");
    }

    @AfterContainer
    static void stop() {
        cluster.close();
    }

    private static void check(final String path, final String body) {
        final HttpResponse<String> response = cluster.post(path, body);
        assertThat(response.statusCode()).as(body + " -> " + response.body()).isIn(200, 400, 404);
        if (response.statusCode() != 200) {
            MessageSchemas.check("error", json(response.body()));
        } else if (response.body().startsWith("event:")) {
            MessageSchemas.events(response);
        }
    }

    @Example
    void everyFieldWithEveryOddValue() {
        for (final String field : FIELDS) {
            for (final String value : VALUES) {
                final ObjectNode body = (ObjectNode) json(MessagesTest.body("[{'role':'user','content':'hi'}]", ""));
                body.remove(field);
                final String odd = "{\"" + field + "\":" + value + "," + body.toString().substring(1);
                check("/v1/messages", odd);
                check("/v1/messages/count_tokens", odd);
            }
        }
    }

    @Property(tries = 100)
    void randomBytes(@ForAll @Size(max = 40) final byte[] noise) {
        final HttpResponse<String> response = cluster.send(cluster.request("/v1/messages")
            .POST(java.net.http.HttpRequest.BodyPublishers.ofByteArray(noise)).build());
        assertThat(response.statusCode()).isEqualTo(400);
        MessageSchemas.check("error", json(response.body()));
    }

    /** Anything within an agent's whole request is exchanged for something odd, left out, or said twice. */
    @Property(tries = 300)
    void oneThingIsOddSomewhere(@ForAll final long seed) throws IOException {
        final Random random = new Random(seed);
        final ObjectNode body = AgentRequestTest.request();
        final List<JsonNode> places = new ArrayList<>();
        collect(body, places);
        final JsonNode place = places.get(random.nextInt(places.size()));
        final JsonNode odd = json(VALUES.get(random.nextInt(VALUES.size())));
        if (place instanceof ArrayNode array && !array.isEmpty()) {
            final int at = random.nextInt(array.size());
            switch (random.nextInt(3)) {
                case 0 -> array.set(at, odd);
                case 1 -> array.remove(at);
                default -> array.insert(at, array.get(at).deepCopy());
            }
        } else if (place instanceof ObjectNode object && !object.isEmpty()) {
            final List<String> names = new ArrayList<>();
            object.fieldNames().forEachRemaining(names::add);
            final String name = names.get(random.nextInt(names.size()));
            if (random.nextInt(4) == 0) {
                object.remove(name);
            } else {
                object.set(name, odd);
            }
        }
        check("/v1/messages", body.toString());
    }

    private static void collect(final JsonNode node, final List<JsonNode> places) {
        if (node.isContainerNode()) {
            places.add(node);
            node.forEach(child -> collect(child, places));
        }
    }
}
