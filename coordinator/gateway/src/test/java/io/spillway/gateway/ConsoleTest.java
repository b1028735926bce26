package io.spillway.gateway;

import static io.spillway.gateway.TestCluster.chat;
import static io.spillway.gateway.TestCluster.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.domain.error.ErrorCode;
import io.spillway.gateway.RawHttp.Answer;
import io.spillway.gateway.chat.ChatService;
import io.spillway.gateway.metrics.MetricName;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class ConsoleTest {
    private static TestCluster cluster;

    @BeforeAll
    static void start() {
        cluster = new TestCluster();
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    private static HttpResponse<String> anonymous(final TestCluster of, final String path) {
        return of.send(HttpRequest.newBuilder(of.uri(path)).build());
    }

    @Test
    void thePageNeedsNothingFromElsewhere() {
        final HttpResponse<String> page = anonymous(cluster, "/console");
        assertThat(page.statusCode()).isEqualTo(200);
        assertThat(page.headers().firstValue("content-security-policy")).get().asString()
            .startsWith("default-src 'none'").doesNotContain("unsafe").doesNotContain("*");
        assertThat(page.body()).doesNotContain("<style").doesNotContain(" style=").doesNotContain(" onclick");
        final Matcher named = Pattern.compile("(?:src|href)=\"([^\"#][^\"]*)\"").matcher(page.body());
        int files = 0;
        while (named.find()) {
            if (!named.group(1).startsWith("data:")) {
                files++;
                final HttpResponse<String> file = anonymous(cluster, named.group(1));
                assertThat(file.statusCode()).as(named.group(1)).isEqualTo(200);
                assertThat(file.headers().firstValue("x-content-type-options")).hasValue("nosniff");
                assertThat(file.body()).doesNotContain("innerHTML =").doesNotContain("insertAdjacentHTML");
            }
        }
        assertThat(files).isEqualTo(3);
        final HttpResponse<String> root = anonymous(cluster, "/");
        assertThat(root.statusCode()).isEqualTo(302);
        assertThat(root.headers().firstValue("location")).hasValue("/console");
    }

    @Test
    void theStateJoinsMembershipAndLoad() {
        final JsonNode state = json(anonymous(cluster, "/console/api/state").body());
        final JsonNode member = state.path("members").get(0);
        assertThat(member.path("id").asText()).isEqualTo("node-1");
        assertThat(member.path("epoch").asInt()).isEqualTo(3);
        assertThat(member.path("running_requests").asInt()).isEqualTo(2);
        assertThat(member.path("tiers")).extracting(tier -> tier.path("tier").asText())
            .containsExactly("device", "host", "disk");
        assertThat(member.path("tiers").get(0).path("used_blocks").asInt()).isEqualTo(28);
        assertThat(state.path("replicas").get(0).path("leading").asBoolean()).isTrue();
        assertThat(state.path("requests").get(0).path("placement").asText()).isEqualTo("why");
    }

    @Test
    void onlyTheFilesOfThePageAreServed() {
        for (final String path : List.of("console.html", "../ConsoleApi.class", "%2e%2e/console.html", "nope.js", "x/console.js")) {
            assertThat(anonymous(cluster, "/console/app/" + path).statusCode()).as(path).isEqualTo(404);
        }
        assertThat(anonymous(cluster, "/console/app/feed.js").headers().firstValue("content-type")).hasValue("text/javascript; charset=utf-8");
    }

    @Test
    void theHistoryGoesOnWithoutAnybodyLooking() {
        final JsonNode history = json(anonymous(cluster, "/console/api/history").body());
        assertThat(history.path("samples_max").asInt()).isEqualTo(600);
        assertThat(history.path("samples")).isNotEmpty();
        final JsonNode sample = history.path("samples").get(0);
        assertThat(sample.path("used_bytes").path("disk").asInt()).isEqualTo(2000);
        assertThat(sample.path("engines").asInt()).isEqualTo(1);
        assertThat(sample.path("ttft").path("p50_nanos").isIntegralNumber()).isTrue();
        assertThat(json(anonymous(cluster, "/console/api/state").body()).path("sample").path("engines").asInt()).isEqualTo(1);
    }

    @Test
    void errorsAreRememberedWithoutWhatTheirCallersWrote() {
        cluster.post("/v1/chat/completions?key=hidden", "{\"model\":\"bytes\",\"messages\":\"a secret of mine\"}");
        cluster.line.script = request -> ScriptedLine.Script.of("hel").failing(ErrorCode.NODE_LOST);
        cluster.post("/v1/chat/completions", chat(",'stream':true"));
        cluster.line.play("hello");
        final String text = anonymous(cluster, "/console/api/state").body();
        final JsonNode errors = json(text).path("errors");
        final JsonNode broken = errors.path("recent").get(0);
        assertThat(broken.path("code").asText()).isEqualTo("node_lost");
        assertThat(broken.path("broken").asBoolean()).as("the stream had begun").isTrue();
        assertThat(broken.path("status").asInt()).isEqualTo(503);
        assertThat(errors.path("recent").get(1).path("broken").asBoolean()).isFalse();
        assertThat(errors.path("recent").get(1).path("path").asText()).isEqualTo("/v1/chat/completions");
        assertThat(errors.path("recent").get(1).path("request").asText()).startsWith("req_");
        assertThat(errors.path("by_code")).extracting(code -> code.path("code").asText()).contains("node_lost", "invalid_type");
        assertThat(text).doesNotContain("secret").doesNotContain("hidden");
    }

    @Test
    void runsAreListedWithTheirTimeline() {
        final HttpRequest.Builder ask = cluster.request("/v1/chat/completions").header("X-Run-Id", "console-run").header("X-Agent-Id", "planner")
            .POST(HttpRequest.BodyPublishers.ofString(chat("")));
        cluster.send(ask.build());
        cluster.send(ask.build());
        final JsonNode run = StreamSupport.stream(json(anonymous(cluster, "/console/api/runs").body()).path("runs").spliterator(), false)
            .filter(each -> each.path("id").asText().equals("console-run")).findFirst().orElseThrow();
        assertThat(run.path("tenant").asText()).isEqualTo("acme");
        assertThat(run.path("steps").asInt()).isEqualTo(2);
        assertThat(run.path("open_steps").asInt()).isZero();
        assertThat(run.path("cost_nano_dollars").asLong()).isPositive();
        assertThat(run.get("charged").isNull()).as("no log in this test").isTrue();
        final JsonNode timeline = json(anonymous(cluster, "/console/api/runs/console-run").body());
        final JsonNode step = timeline.path("steps").get(1);
        assertThat(step.path("agent").asText()).isEqualTo("planner");
        assertThat(step.path("state").asText()).isEqualTo("finished");
        assertThat(step.path("gap_millis").asLong()).isNotNegative();
        assertThat(step.path("queue_millis").asLong()).isBetween(0L, step.path("ttft_millis").asLong());
        assertThat(step.path("ttft_millis").asLong()).isLessThanOrEqualTo(1 + step.path("duration_millis").asLong());
        assertThat(timeline.toString()).doesNotContain("hello");
    }

    @Test
    void aRunOfSeveralTenantsNeedsItsTenant() {
        for (final String key : List.of(TestCluster.KEY, TestCluster.OTHER_KEY)) {
            cluster.send(HttpRequest.newBuilder(cluster.uri("/v1/chat/completions")).header("authorization", "Bearer " + key)
                .header("X-Run-Id", "shared").POST(HttpRequest.BodyPublishers.ofString(chat(""))).build());
        }
        assertThat(anonymous(cluster, "/console/api/runs/shared").statusCode()).isEqualTo(400);
        assertThat(json(anonymous(cluster, "/console/api/runs/shared?tenant=umbrella").body()).at("/run/tenant").asText()).isEqualTo("umbrella");
        assertThat(anonymous(cluster, "/console/api/runs/shared?tenant=nobody").statusCode()).isEqualTo(404);
        assertThat(anonymous(cluster, "/console/api/runs/never").statusCode()).isEqualTo(404);
    }

    @Test
    void theStreamGoesOnUntilTheViewerLeaves() throws IOException {
        try (RawHttp raw = new RawHttp(cluster.gateway.port())) {
            raw.send("GET /console/api/events HTTP/1.1\r\nhost: localhost:" + cluster.gateway.port() + "\r\n\r\n");
            int events = 0;
            while (events < 2) {
                events += raw.line().startsWith("data: {") ? 1 : 0;
            }
        }
    }

    @Test
    void aForeignNameForThisMachineNeedsAKey() throws IOException {
        try (RawHttp raw = new RawHttp(cluster.gateway.port())) {
            raw.send("GET /console/api/state HTTP/1.1\r\nhost: evil.example\r\n\r\n");
            final Answer refused = raw.answer();
            assertThat(refused.status()).isEqualTo(401);
            raw.send("GET /console/api/state HTTP/1.1\r\nhost: evil.example\r\nauthorization: Bearer sk-test\r\n\r\n");
            assertThat(raw.answer().status()).isEqualTo(200);
            raw.send("GET /console/api/state HTTP/1.1\r\nhost: [::1]:80\r\n\r\n");
            assertThat(raw.answer().status()).isEqualTo(200);
        }
    }

    @Test
    void aKeyCanBeDemanded() {
        try (TestCluster closed = new TestCluster(ChatService.Limits.USUAL, TimeUnit.SECONDS.toNanos(9),
            GatewayConfig.ConsoleAccess.KEY)) {
            for (final String path : List.of("state", "history", "events", "runs", "runs/x")) {
                assertThat(anonymous(closed, "/console/api/" + path).statusCode()).as(path).isEqualTo(401);
            }
            assertThat(closed.get("/console/api/state").statusCode()).isEqualTo(200);
            assertThat(anonymous(closed, "/console").statusCode()).isEqualTo(200);
        }
    }

    @Test
    void metricsCountWhatHappened() {
        cluster.post("/v1/chat/completions", chat(""));
        cluster.post("/v1/chat/completions", chat("").replace("\"bytes\"", "\"nope\""));
        final HttpResponse<String> page = anonymous(cluster, "/metrics");
        assertThat(page.headers().firstValue("content-type")).get().asString().startsWith("text/plain; version=0.0.4");
        assertThat(page.body().lines())
            .contains("spillway_requests_total{model=\"bytes\",outcome=\"ok\"} 1.0",
                "spillway_requests_total{model=\"unknown\",outcome=\"model_not_found\"} 1.0",
                "spillway_prompt_tokens_total{model=\"bytes\"} 8.0",
                "spillway_cached_tokens_total{model=\"bytes\"} 4.0",
                "spillway_output_tokens_total{model=\"bytes\"} 5.0",
                "spillway_ttft_seconds_count{model=\"bytes\"} 1",
                "spillway_itl_seconds_count{model=\"bytes\"} 4",
                "spillway_members{role=\"engine\"} 1.0",
                "spillway_kv_blocks{node=\"node-1\",tier=\"device\"} 28.0",
                "spillway_kv_used_bytes{node=\"node-1\",tier=\"disk\"} 2000.0",
                "spillway_node_running_requests{node=\"node-1\"} 2.0", "spillway_node_steps{node=\"node-1\"} 6.0",
                "spillway_node_step_rows{kind=\"guessed\",node=\"node-1\"} 40.0", "spillway_node_step_time_seconds{node=\"node-1\"} 0.5",
                "spillway_node_step_within{le=\"2.5E-4\",node=\"node-1\"} 4.0",
                "spillway_node_step_within{le=\"+Inf\",node=\"node-1\"} 6.0")
            .anyMatch(line -> line.startsWith("spillway_ttft_seconds_bucket{model=\"bytes\",le=\"0.1\"}"))
            .anyMatch(line -> line.startsWith("spillway_http_requests_total{status=\"404\"}"));
        for (final MetricName name : EnumSet.complementOf(EnumSet.of(MetricName.OVERFLOWS))) {
            assertThat(page.body()).as(name.name()).contains("# HELP " + name.meter().replace('.', '_'));
        }
    }

    @Test
    void healthNeedsNoKey() {
        assertThat(anonymous(cluster, "/health").body()).isEqualTo("{\"status\":\"ok\"}");
        assertThat(anonymous(cluster, "/live").body()).isEqualTo("{\"status\":\"ok\"}");
    }

    @Test
    void healthSaysWhenNoNodeServes() {
        cluster.view = TestCluster.view(false);
        final HttpResponse<String> health = anonymous(cluster, "/health");
        assertThat(health.statusCode()).isEqualTo(503);
        assertThat(TestCluster.json(health.body()).path("status").asText()).isEqualTo("no_node");
        assertThat(health.headers().firstValue("retry-after")).hasValue("1");
        assertThat(anonymous(cluster, "/live").statusCode()).isEqualTo(200);
        cluster.view = TestCluster.view("another", 1, 64);
        assertThat(anonymous(cluster, "/health").statusCode()).as("of a model that cannot be spoken for").isEqualTo(503);
        cluster.view = TestCluster.view(true);
        assertThat(anonymous(cluster, "/health").statusCode()).isEqualTo(200);
    }
}
