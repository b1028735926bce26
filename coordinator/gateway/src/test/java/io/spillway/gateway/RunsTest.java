package io.spillway.gateway;

import static io.spillway.gateway.TestCluster.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.gateway.ScriptedLine.Script;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Runs of agents that name them, and of those that do not. */
class RunsTest {
    private static final String FIRST = "{\"role\":\"user\",\"content\":\"a question that is long enough\"}";
    private TestCluster cluster;

    @BeforeEach
    void start() {
        cluster = new TestCluster();
        cluster.line.play("hello");
    }

    @AfterEach
    void stop() {
        cluster.close();
    }

    private HttpResponse<String> ask(final String messages, final String more, final String... headers) {
        final HttpRequest.Builder request = cluster.request("/v1/chat/completions").POST(HttpRequest.BodyPublishers.ofString(
            "{\"model\":\"bytes\",\"messages\":[" + messages + "]" + more + "}"));
        for (int i = 0; i < headers.length; i += 2) {
            request.header(headers[i], headers[i + 1]);
        }
        return cluster.send(request.build());
    }

    private static String header(final HttpResponse<String> response, final String name) {
        return response.headers().firstValue(name).orElse("");
    }

    @Test
    void aConversationIsAChainWithoutAnyWordFromItsClient() {
        final HttpResponse<String> first = ask(FIRST, "");
        final String chain = header(first, "x-chain-id");
        assertThat(chain).isEqualTo("chain-" + json(first.body()).path("id").asText());
        assertThat(header(first, "x-step-id")).isEqualTo(json(first.body()).path("id").asText());
        assertThat(cluster.line.requests.getLast().run()).as("one request makes no run").isEmpty();
        final HttpResponse<String> second =
            ask(FIRST + ",{\"role\":\"assistant\",\"content\":\"hello\"},{\"role\":\"user\",\"content\":\"more\"}", ",\"stream\":true");
        assertThat(header(second, "x-chain-id")).isEqualTo(chain);
        assertThat(cluster.line.requests.getLast().run()).get().hasToString(chain);
        assertThat(cluster.line.requests.getLast().agent().parentStep()).isEqualTo(header(first, "x-step-id"));
        final HttpResponse<String> other = ask("{\"role\":\"user\",\"content\":\"something else\"}", "");
        assertThat(header(other, "x-chain-id")).isNotEqualTo(chain);
        final JsonNode run = json(cluster.get("/v1/runs/" + chain).body());
        assertThat(run.path("seen").path("steps").asInt()).isEqualTo(2);
        assertThat(run.path("steps")).hasSize(2);
        assertThat(run.path("steps").get(1).path("parent").asText()).isEqualTo(header(first, "x-step-id"));
        assertThat(run.path("steps").get(1).path("tool_gap_ms").isNumber()).isTrue();
        assertThat(run.path("steps").get(0).path("tool_gap_ms").isNull()).isTrue();
    }

    @Test
    void headersSayWhatTheChainHasConsumed() {
        final HttpResponse<String> first = ask(FIRST, "", "X-Run-Id", "r1");
        final long cached = json(first.body()).path("usage").path("prompt_tokens_details").path("cached_tokens").asLong();
        final double cost = json(first.body()).path("usage").path("spillway").path("cost_usd").asDouble();
        assertThat(header(first, "x-chain-id")).isEqualTo("r1");
        assertThat(header(first, "x-chain-cached-tokens")).isEqualTo(Long.toString(cached));
        assertThat(Double.parseDouble(header(first, "x-chain-cost"))).isEqualTo(cost);
        final HttpResponse<String> streamed = ask(FIRST, ",\"stream\":true", "X-Run-Id", "r1");
        assertThat(header(streamed, "x-chain-cached-tokens")).isEqualTo(Long.toString(2 * cached));
        assertThat(Double.parseDouble(header(streamed, "x-chain-cost"))).as("of the steps before").isEqualTo(cost);
    }

    @Test
    void theLedgerListsStepsWithWhatTheyTook() {
        ask(FIRST, "", "X-Run-Id", "task 7", "X-Agent-Id", "planner", "x-stainless-retry-count", "1");
        cluster.line.script = request -> Script.of("hel").failing(io.spillway.domain.error.ErrorCode.NODE_LOST);
        ask(FIRST, "", "X-Run-Id", "task 7");
        final JsonNode run = json(cluster.get("/v1/runs/task-7").body());
        assertThat(run.path("object").asText()).isEqualTo("run");
        assertThat(run.get("charged").isNull()).as("no log in this test").isTrue();
        final JsonNode step = run.path("steps").get(0);
        assertThat(step.path("state").asText()).isEqualTo("finished");
        assertThat(step.path("agent").asText()).isEqualTo("planner");
        assertThat(step.path("retries").asInt()).isEqualTo(1);
        assertThat(step.path("output_tokens").asInt()).isEqualTo(5);
        assertThat(step.path("prompt_tokens").asInt()).isEqualTo(step.path("cached_tokens").asInt() + step.path("computed_tokens").asInt());
        assertThat(step.path("cost_usd").asDouble()).isPositive();
        assertThat(run.path("steps").get(1).path("state").asText()).isEqualTo("node_lost");
    }

    @Test
    void runsAreTheirTenantsAndUnknownOnesAreNotFound() {
        ask(FIRST, "", "X-Run-Id", "r1");
        for (final String path : new String[] {"/v1/runs/nope", "/v1/runs/%20"}) {
            final HttpResponse<String> unknown = cluster.get(path);
            assertThat(unknown.statusCode()).isEqualTo(404);
            assertThat(json(unknown.body()).path("error").path("code").asText()).isEqualTo("not_found");
        }
        assertThat(cluster.send(HttpRequest.newBuilder(cluster.uri("/v1/runs/r1")).build()).statusCode()).isEqualTo(401);
    }
}
