package io.spillway.gateway;

import static io.spillway.gateway.TestCluster.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** Whatever a body of the Responses API holds, it is answered, or refused with the client's own fault named: never with ours. */
class ResponsesOddBodiesTest {
    private static final List<String> FIELDS = List.of("model", "input", "instructions", "previous_response_id", "tools", "tool_choice",
        "parallel_tool_calls", "text", "max_output_tokens", "max_tool_calls", "temperature", "top_p", "top_logprobs", "metadata",
        "prompt_cache_key", "prompt_cache_retention", "safety_identifier", "user", "service_tier", "store", "include", "truncation",
        "reasoning", "stream", "stream_options", "background", "conversation", "prompt", "context_management", "chat_template_kwargs",
        "seed", "priority");
    private static final List<String> VALUES = List.of("null", "true", "0", "-1", "7", "2.5", "1e308", "99999999999999999999999999",
        "\"\"", "\"text\"", "\"\\u0000\"", "\"\\ud800\"", "[]", "[null]", "[[]]", "[{}]", "[\"a\",null]", "{}", "{\"a\":null}",
        "{\"type\":\"function\"}", "{\"type\":null}", "{\"format\":{}}", "[{\"type\":\"custom\",\"name\":\"x\",\"format\":{}}]",
        "[{\"role\":\"user\",\"content\":[]}]", "[{\"role\":\"user\",\"content\":[null]}]", "[{\"role\":\"assistant\",\"content\":\"\\ud800\"}]",
        "[{\"type\":\"reasoning\",\"summary\":null}]", "[{\"type\":\"item_reference\",\"id\":\"msg_" + "0".repeat(32) + "_i0\"}]");
    private static final List<String> ITEMS = List.of(
        "{\"role\":\"user\",\"content\":\"a\"}", "{\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\",\"text\":\"b\"}]}",
        "{\"type\":\"function_call\",\"call_id\":\"c\",\"name\":\"n\",\"arguments\":\"{}\"}",
        "{\"type\":\"function_call_output\",\"call_id\":\"c\",\"output\":\"o\"}",
        "{\"type\":\"custom_tool_call\",\"call_id\":\"d\",\"name\":\"n\",\"input\":\"{\"}",
        "{\"type\":\"custom_tool_call_output\",\"call_id\":\"d\",\"output\":[{\"type\":\"input_text\",\"text\":\"t\"}]}",
        "{\"type\":\"reasoning\",\"id\":\"r\",\"summary\":[],\"encrypted_content\":\"x\"}", "{\"id\":\"msg_1\"}",
        "{\"type\":\"web_search_call\",\"id\":\"w\"}", "null", "7", "{}");
    private static TestCluster cluster;

    @BeforeContainer
    static void start() {
        cluster = new TestCluster();
        cluster.line.play("hi");
    }

    @AfterContainer
    static void stop() {
        cluster.close();
    }

    private static void check(final String body) {
        final HttpResponse<String> response = cluster.post("/v1/responses", body);
        assertThat(response.statusCode()).as(body + " -> " + response.body()).isIn(200, 400, 404);
        if (response.statusCode() != 200) {
            final JsonNode error = json(response.body()).path("error");
            assertThat(error.size()).as(body).isEqualTo(4);
            assertThat(error.path("type").asText()).isEqualTo("invalid_request_error");
        }
    }

    @Example
    void everyFieldWithEveryOddValue() {
        for (final String field : FIELDS) {
            for (final String value : VALUES) {
                final ObjectNode body = (ObjectNode) json("{\"model\":\"bytes\",\"input\":\"a\",\"max_output_tokens\":4}");
                body.remove(field);
                check("{\"" + field + "\":" + value + "," + body.toString().substring(1));
            }
        }
    }

    /** Items in any order, with letters changed at random. */
    @Property(tries = 400)
    void randomItems(@ForAll final long seed) {
        final Random random = new Random(seed);
        final StringBuilder input = new StringBuilder();
        for (int i = random.nextInt(6); i >= 0; i--) {
            input.append(input.isEmpty() ? "" : ",").append(ITEMS.get(random.nextInt(ITEMS.size())));
        }
        for (int i = random.nextInt(3); i > 0; i--) {
            input.setCharAt(random.nextInt(input.length()), "{}[]\",:x0\\".charAt(random.nextInt(10)));
        }
        check("{\"model\":\"bytes\",\"max_output_tokens\":4,\"input\":[" + input + "]}");
    }

    /** Paths and queries of stored responses. */
    @Property(tries = 200)
    void randomPaths(@ForAll final long seed) {
        final Random random = new Random(seed);
        final List<String> parts = List.of("resp_", "0".repeat(32), "/", "cancel", "input_items", "?stream=true", "&starting_after=1",
            "?limit=x", "%00", "..", "%2e%2e%2f", "ü");
        final StringBuilder path = new StringBuilder("/v1/responses/");
        for (int i = random.nextInt(5); i >= 0; i--) {
            path.append(parts.get(random.nextInt(parts.size())).replace("ü", "%C3%BC"));
        }
        final String method = List.of("GET", "POST", "DELETE").get(random.nextInt(3));
        final HttpResponse<String> response = cluster.send(cluster.request(path.toString())
            .method(method, java.net.http.HttpRequest.BodyPublishers.noBody()).build());
        assertThat(response.statusCode()).as(method + " " + path).isIn(400, 404, 405);
    }
}
