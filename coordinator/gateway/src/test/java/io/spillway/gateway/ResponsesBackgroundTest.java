package io.spillway.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.domain.error.ErrorCode;
import io.spillway.gateway.responses.ResponsesConfig;
import io.spillway.testkit.openai.OpenAiSchemas;
import java.io.InputStream;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ResponsesBackgroundTest {
    private TestCluster cluster;

    @BeforeEach
    void start() {
        cluster = new TestCluster(new ResponsesConfig(ResponsesConfig.USUAL.kept(), Optional.empty(), 2, 1 << 20));
    }

    @AfterEach
    void stop() {
        cluster.close();
    }

    private HttpResponse<String> create(final String more) {
        return cluster.post("/v1/responses", ("{'model':'bytes','input':'hi','background':true" + more + "}").replace('\'', '"'));
    }

    private JsonNode created() {
        final JsonNode response = TestCluster.json(create("").body());
        OpenAiSchemas.check("Response", response);
        return response;
    }

    private String path(final JsonNode response) {
        return "/v1/responses/" + response.path("id").asText();
    }

    @Test
    void aResponseRunsWhetherOrNotAnybodyWaits() {
        cluster.line.play("<think>t</think>hello");
        final JsonNode created = created();
        assertThat(created.path("status").asText()).isEqualTo("queued");
        assertThat(created.path("background").asBoolean()).isTrue();
        final List<JsonNode> events = ResponseEvents.of(cluster.get(path(created) + "?stream=true").body(), 0);
        assertThat(ResponseEvents.types(events)).startsWith("created", "queued", "in_progress", "output_item.added").endsWith("completed");
        final JsonNode ended = TestCluster.json(cluster.get(path(created)).body());
        assertThat(ended).isEqualTo(events.getLast().path("response"));
        assertThat(ended.path("status").asText()).isEqualTo("completed");
    }

    @Test
    void aClientComesBackAtEveryEvent() {
        cluster.line.play("I do.[[look|{\"a\": 1}]]");
        final HttpResponse<String> whole = create(",'stream':true,'tools':[{'type':'function','name':'look'}]");
        final List<JsonNode> events = ResponseEvents.of(whole.body(), 0);
        final String path = path(events.getFirst().path("response"));
        for (int after = 0; after < events.size(); after++) {
            final String rest = cluster.get(path + "?stream=true&starting_after=" + after).body();
            final List<JsonNode> told = rest.isEmpty() ? List.of() : ResponseEvents.of(rest, after + 1);
            assertThat(told).isEqualTo(events.subList(after + 1, events.size()));
        }
        assertThat(cluster.get(path + "?stream=true&starting_after=-1").statusCode()).isEqualTo(400);
        assertThat(cluster.get(path + "?stream=true&starting_after=x").statusCode()).isEqualTo(400);
        assertThat(cluster.get(path + "?starting_after=1").statusCode()).isEqualTo(400);
        assertThat(cluster.get(path + "?stream=true&starting_after=99999999999").body()).isEmpty();
    }

    @Test
    void aResponseGoesOnWhenItsClientLeaves() throws Exception {
        final CountDownLatch more = new CountDownLatch(1);
        cluster.line.script = request -> {
            await(more);
            return ScriptedLine.Script.of("later");
        };
        final HttpRequest ask = cluster.request("/v1/responses").POST(HttpRequest.BodyPublishers.ofString(
            "{\"model\":\"bytes\",\"input\":\"hi\",\"background\":true,\"stream\":true}")).build();
        final HttpResponse<InputStream> response = cluster.http.send(ask, HttpResponse.BodyHandlers.ofInputStream());
        final byte[] begin = response.body().readNBytes(400);
        response.body().close();
        more.countDown();
        final String text = new String(begin, java.nio.charset.StandardCharsets.UTF_8);
        final String id = text.substring(text.indexOf("resp_"), text.indexOf("resp_") + 37);
        final List<JsonNode> rest = ResponseEvents.of(cluster.get("/v1/responses/" + id + "?stream=true&starting_after=1").body(), 2);
        assertThat(ResponseEvents.joined(rest, "response.output_text.delta")).isEqualTo("later");
        assertThat(ResponseEvents.types(rest)).endsWith("completed");
        assertThat(cluster.line.cancels).hasValue(0);
    }

    private static void await(final CountDownLatch latch) {
        try {
            latch.await();
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void aResponseIsCancelled() {
        cluster.line.script = request -> ScriptedLine.Script.of("begin").hanging();
        final JsonNode created = created();
        final JsonNode cancelled = TestCluster.json(cluster.post(path(created) + "/cancel", "").body());
        OpenAiSchemas.check("Response", cancelled);
        assertThat(cancelled.path("status").asText()).isEqualTo("cancelled");
        assertThat(cluster.line.cancels).hasPositiveValue();
        final List<JsonNode> events = ResponseEvents.of(cluster.get(path(created) + "?stream=true").body(), 0);
        assertThat(events.getLast().path("response").path("status").asText()).isEqualTo("cancelled");
        assertThat(TestCluster.json(cluster.post(path(created) + "/cancel", "").body()).path("status").asText()).isEqualTo("cancelled");
        final HttpResponse<String> foreground = cluster.post("/v1/responses", "{\"model\":\"nope\",\"input\":\"x\"}");
        assertThat(foreground.statusCode()).isEqualTo(404);
    }

    @Test
    void aForegroundResponseIsNeitherCancelledNorFollowed() {
        final JsonNode done = TestCluster.json(cluster.post("/v1/responses", "{\"model\":\"bytes\",\"input\":\"x\"}").body());
        assertThat(cluster.post(path(done) + "/cancel", "").statusCode()).isEqualTo(400);
        assertThat(cluster.get(path(done) + "?stream=true").statusCode()).isEqualTo(400);
    }

    @Test
    void aFailureIsKept() {
        cluster.line.script = request -> ScriptedLine.Script.of("half").failing(ErrorCode.NODE_LOST);
        final JsonNode created = created();
        final List<JsonNode> events = ResponseEvents.of(cluster.get(path(created) + "?stream=true").body(), 0);
        assertThat(ResponseEvents.types(events)).endsWith("failed");
        assertThat(TestCluster.json(cluster.get(path(created)).body()).path("error").path("code").asText()).isEqualTo("server_error");
    }

    @Test
    void aRefusalThatComesLateIsAFailedResponse() {
        final JsonNode created = TestCluster.json(cluster.post("/v1/responses",
            "{\"model\":\"bytes\",\"input\":\"refuse me\",\"background\":true}").body());
        final List<JsonNode> events = ResponseEvents.of(cluster.get(path(created) + "?stream=true").body(), 0);
        assertThat(ResponseEvents.types(events)).containsExactly("created", "queued", "failed");
        assertThat(events.getLast().path("response").path("error").path("code").asText()).isEqualTo("invalid_prompt");
    }

    @Test
    void noMoreRunThanMay() {
        cluster.line.script = request -> ScriptedLine.Script.of("begin").hanging();
        final JsonNode first = created();
        created();
        final HttpResponse<String> third = create("");
        assertThat(third.statusCode()).isEqualTo(503);
        assertThat(third.headers().firstValue("retry-after")).isPresent();
        cluster.send(cluster.request(path(first)).DELETE().build());
        assertThat(created().path("status").asText()).isEqualTo("queued");
        assertThat(cluster.get(path(first)).statusCode()).isEqualTo(404);
    }

    @Test
    void aRunningResponseIsNotContinued() {
        cluster.line.script = request -> ScriptedLine.Script.of("begin").hanging();
        final JsonNode running = created();
        final HttpResponse<String> refused = cluster.post("/v1/responses",
            "{\"model\":\"bytes\",\"input\":\"x\",\"previous_response_id\":\"" + running.path("id").asText() + "\"}");
        assertThat(refused.statusCode()).isEqualTo(400);
        assertThat(refused.body()).contains("has not ended yet");
    }
}
