package io.spillway.gateway;

import static io.spillway.gateway.TestCluster.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.http.HttpResponse;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** Whatever a body holds, it is answered, or refused with the client's own fault named: never with ours. */
class OddBodiesTest {
    private static final List<String> FIELDS = List.of("model", "messages", "prompt", "temperature", "top_p", "top_k", "min_p",
        "presence_penalty", "frequency_penalty", "repetition_penalty", "logit_bias", "seed", "n", "stop", "stream",
        "stream_options", "max_tokens", "max_completion_tokens", "logprobs", "top_logprobs", "tools", "tool_choice",
        "parallel_tool_calls", "response_format", "metadata", "user", "prompt_cache_key", "service_tier", "store", "modalities",
        "audio", "chat_template_kwargs", "functions", "echo", "suffix", "best_of", "safety_identifier", "prediction", "verbosity",
        "reasoning_effort", "client_metadata", "previous_response_id", "web_search_options");
    private static final List<String> VALUES = List.of("null", "true", "0", "-1", "1", "7", "2.5", "1e308", "-1e308",
        "99999999999999999999999999", "9223372036854775807", "\"\"", "\"text\"", "\"\\u0000\"", "\"\\ud800\"", "[]", "[null]", "[[]]", "[{}]",
        "[\"a\",null]", "{}", "{\"a\":null}", "{\"type\":\"function\"}", "{\"type\":null}", "[{\"role\":\"user\",\"content\":[]}]",
        "[{\"role\":\"user\",\"content\":[null]}]", "[{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[null]}]",
        "[{\"role\":\"user\",\"content\":\"\\ud800\"}]", "{\"type\":\"allowed_tools\",\"allowed_tools\":null}",
        "{\"type\":\"content\",\"content\":[null]}", "[{\"type\":\"custom\",\"custom\":{\"name\":\"a\",\"format\":{}}}]",
        "[{\"role\":\"tool\",\"tool_call_id\":\"x\",\"content\":\"y\"}]", "{\"run_id\":7,\"user_id\":\"{\"}");
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

    private static void check(final String path, final String body) {
        final HttpResponse<String> response = cluster.post(path, body);
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
                final ObjectNode chat = (ObjectNode) json(TestCluster.chat(",'max_tokens':4"));
                final ObjectNode completion = (ObjectNode) json("{\"model\":\"bytes\",\"prompt\":\"a\"}");
                check("/v1/chat/completions", with(chat, field, value));
                check("/v1/completions", with(completion, field, value));
            }
        }
    }

    private static String with(final ObjectNode body, final String field, final String value) {
        body.remove(field);
        final String rest = body.toString();
        return "{\"" + field + "\":" + value + (rest.length() > 2 ? "," : "") + rest.substring(1);
    }

    @Property(tries = 200)
    void randomBytes(@ForAll @Size(max = 40) final byte[] noise) {
        final HttpResponse<String> response = cluster.send(cluster.request("/v1/chat/completions")
            .POST(java.net.http.HttpRequest.BodyPublishers.ofByteArray(noise)).build());
        assertThat(response.statusCode()).isEqualTo(400);
    }
}
