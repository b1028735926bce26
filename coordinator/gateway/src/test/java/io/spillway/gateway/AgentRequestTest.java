package io.spillway.gateway;

import static io.spillway.gateway.TestCluster.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.domain.request.GenerationRequest;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A request of the shape that a coding agent on a terminal sends, with its headers. */
class AgentRequestTest {
    private static final int CONTEXT_TOKENS = 32_768;
    private static TestCluster cluster;

    @BeforeAll
    static void start() {
        cluster = new TestCluster();
        cluster.view = TestCluster.view(1, CONTEXT_TOKENS);
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    static ObjectNode request() throws IOException {
        try (InputStream file = AgentRequestTest.class.getResourceAsStream("/anthropic/agent-request.json")) {
            return (ObjectNode) TestCluster.JSON.readTree(file);
        }
    }

    private static HttpResponse<String> send(final JsonNode body) {
        return cluster.send(cluster.request("/v1/messages?beta=true").header("anthropic-version", "2023-06-01")
            .header("anthropic-beta", "claude-code-20250219,interleaved-thinking-2025-05-14,context-management-2025-06-27")
            .header("user-agent", "claude-cli/2.1.329 (external, sdk-cli)").header("x-app", "cli")
            .header("x-claude-code-session-id", "5b6a7a55-5a5e-4d5d-9f54-6f1f0b7f9d11").header("x-stainless-retry-count", "0")
            .header("accept", "application/json").header("content-type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body.toString())).build());
    }

    private static GenerationRequest sent() {
        return cluster.line.requests.getLast();
    }

    @Test
    void sessionsShareTheirPrefix() throws IOException {
        cluster.line.play("hello");
        final HttpResponse<String> response = send(request());
        MessageSchemas.events(response);
        assertThat(response.headers().firstValue("x-spillway-prefix")).hasValue("attribution-dropped");
        assertThat(response.headers().firstValue("x-chain-id")).hasValue("5b6a7a55-5a5e-4d5d-9f54-6f1f0b7f9d11");
        assertThat(sent().run().orElseThrow().value()).isEqualTo("5b6a7a55-5a5e-4d5d-9f54-6f1f0b7f9d11");
        assertThat(sent().outputTokensMax()).isLessThan(32_000).isEqualTo(CONTEXT_TOKENS - sent().promptTokens().length);
        final String first = MessagesTest.text(sent().promptTokens());
        assertThat(first).doesNotContain("billing");

        final ObjectNode other = request();
        ((ObjectNode) other.path("system").get(0)).put("text", "x-anthropic-billing-header: cc_version=2.1.329.c9b; cc_entrypoint=cli;");
        MessageSchemas.events(send(other));
        assertThat(MessagesTest.text(sent().promptTokens())).isEqualTo(first);
    }

    @Test
    void marksAreCountedAsWritten() throws IOException {
        cluster.line.play("hello");
        final List<JsonNode> events = MessageSchemas.events(send(request()));
        final JsonNode usage = events.getFirst().path("message").path("usage");
        assertThat(usage.path("input_tokens").asInt()).as("the last block is marked").isZero();
        assertThat(usage.path("cache_read_input_tokens").asInt()).isEqualTo(sent().promptTokens().length / 2);
        assertThat(usage.path("cache_creation").path("ephemeral_1h_input_tokens").asInt()).isPositive();
        assertThat(usage.path("cache_creation").path("ephemeral_5m_input_tokens").asInt()).isPositive();
    }

    @Test
    void aToolLoopExtendsItsOwnPrefix() throws IOException {
        cluster.line.play("I look.[[Bash|{\"command\": \"ls -l\", \"timeout\": 5000}]]");
        final ObjectNode body = request();
        final List<JsonNode> events = MessageSchemas.events(send(body));
        final String before = MessagesTest.text(sent().promptTokens());
        final JsonNode call = MessageSchemas.of(events, "content_block_start").get(1).path("content_block");
        assertThat(call.path("name").asText()).isEqualTo("Bash");

        final ArrayNode messages = (ArrayNode) body.path("messages");
        ((ObjectNode) messages.get(0).path("content").get(1)).remove("cache_control");
        final ArrayNode said = messages.addObject().put("role", "assistant").putArray("content");
        said.addObject().put("type", "text").put("text", "I look.");
        said.addObject().put("type", "tool_use").put("id", call.path("id").asText()).put("name", "Bash")
            .set("input", json(MessageSchemas.assembled(events, 1, "partial_json")));
        final ObjectNode result = messages.addObject().put("role", "user").putArray("content").addObject().put("type", "tool_result")
            .put("tool_use_id", call.path("id").asText()).put("content", "total 0").put("is_error", false);
        result.putObject("cache_control").put("type", "ephemeral");
        cluster.line.play("It is empty.");
        MessageSchemas.events(send(body));
        assertThat(MessagesTest.text(sent().promptTokens())).startsWith(before)
            .contains("{name=Bash, arguments={\"command\": \"ls -l\", \"timeout\": 5000}}").endsWith("tool:total 0\n");
    }
}
