package io.spillway.gateway;

import static io.spillway.gateway.TestCluster.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.domain.error.ErrorCode;
import io.spillway.gateway.ScriptedLine.Script;
import io.spillway.gateway.limits.RateLimits;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every row of the error taxonomy, on every route that takes a body; bodies too large are refused before there is a route. */
class TaxonomyTest {
    private static final String INVALID = "invalid_request_error";
    /** Routes with a body that they take; what it is continued with stands where its end is. */
    private static final Map<String, String> ROUTES = Map.of(
        "/v1/chat/completions", "{\"model\":\"bytes\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]%s}",
        "/v1/completions", "{\"model\":\"bytes\",\"prompt\":\"hi\"%s}",
        "/v1/embeddings", "{\"model\":\"bytes\",\"input\":\"hi\"%s}");
    private static final Map<String, String> PROMPT_FIELDS =
        Map.of("/v1/chat/completions", "messages", "/v1/completions", "prompt", "/v1/embeddings", "input");
    private static TestCluster cluster;

    @BeforeAll
    static void start() {
        cluster = new TestCluster();
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    @BeforeEach
    void reset() {
        cluster.line.play("hello");
    }

    /** What an error must say. */
    private record Row(int status, String type, String code, String param, boolean retry) {
    }

    private static void check(final HttpResponse<String> response, final Row row) {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(row.status);
        final JsonNode body = json(response.body());
        assertThat(body.size()).isEqualTo(1);
        final JsonNode error = body.path("error");
        assertThat(error.properties()).extracting(Map.Entry::getKey).containsExactlyInAnyOrder("message", "type", "param", "code");
        assertThat(error.path("message").asText()).isNotBlank();
        assertThat(error.path("type").asText()).isEqualTo(row.type);
        assertThat(error.get("code").isNull() ? null : error.path("code").asText()).isEqualTo(row.code);
        assertThat(error.get("param").isNull() ? null : error.path("param").asText()).isEqualTo(row.param);
        assertThat(response.headers().firstValue("content-type")).hasValue("application/json");
        assertThat(response.headers().firstValue("x-request-id")).isPresent();
        assertThat(response.headers().firstValue("x-should-retry")).hasValue(Boolean.toString(row.retry));
        assertThat(response.headers().firstValue("retry-after").isPresent()).isEqualTo(row.retry);
        assertThat(response.headers().firstValue("retry-after-ms").isPresent()).isEqualTo(row.retry);
    }

    static Stream<Arguments> wrongBodies() {
        return ROUTES.keySet().stream().flatMap(route -> {
            final String body = ROUTES.get(route).formatted("");
            final String field = PROMPT_FIELDS.get(route);
            return Stream.of(
                Arguments.of(route, bytes("not json"), new Row(400, INVALID, null, null, false)),
                Arguments.of(route, bytes("[1]"), new Row(400, INVALID, null, null, false)),
                Arguments.of(route, bytes(""), new Row(400, INVALID, null, null, false)),
                Arguments.of(route, bytes("{} trailing"), new Row(400, INVALID, null, null, false)),
                Arguments.of(route, new byte[] {'{', '"', (byte) 0xff, '"', ':', '1', '}'}, new Row(400, INVALID, null, null, false)),
                Arguments.of(route, bytes("{}"), new Row(400, INVALID, "missing_required_parameter", "model", false)),
                Arguments.of(route, bytes("{\"model\":\"bytes\"}"), new Row(400, INVALID, "missing_required_parameter", field, false)),
                Arguments.of(route, bytes(body.replace("\"bytes\"", "7")), new Row(400, INVALID, "invalid_type", "model", false)),
                Arguments.of(route, bytes(ROUTES.get(route).formatted(",\"priority\":101")),
                    new Row(400, INVALID, "integer_above_max_value", "priority", false)),
                Arguments.of(route, bytes(ROUTES.get(route).formatted(",\"priority\":-101")),
                    new Row(400, INVALID, "integer_below_min_value", "priority", false)),
                Arguments.of(route, bytes(body.replace("\"bytes\"", "\"nope\"")), new Row(404, INVALID, "model_not_found", "model", false)),
                Arguments.of(route, bytes(body.replace("\"hi\"", "\"" + "x".repeat(600) + "\"")),
                    new Row(400, INVALID, "context_length_exceeded", field, false)));
        });
    }

    private static byte[] bytes(final String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @ParameterizedTest
    @MethodSource("wrongBodies")
    void theCallersFault(final String route, final byte[] body, final Row row) {
        check(cluster.send(cluster.request(route).POST(HttpRequest.BodyPublishers.ofByteArray(body)).build()), row);
    }

    static Stream<Arguments> failures() {
        final List<Arguments> rows = List.of(
            Arguments.of(ErrorCode.INTERNAL, new Row(500, "server_error", null, null, false)),
            Arguments.of(ErrorCode.ALREADY_EXISTS, new Row(409, "invalid_request_error", "already_exists", null, true)),
            Arguments.of(ErrorCode.OVERLOADED, new Row(503, "server_error", null, null, true)),
            Arguments.of(ErrorCode.DRAINING, new Row(503, "server_error", null, null, true)),
            Arguments.of(ErrorCode.NODE_LOST, new Row(503, "server_error", null, null, true)),
            Arguments.of(ErrorCode.NO_NODE, new Row(503, "server_error", null, null, true)),
            Arguments.of(ErrorCode.DEADLINE_EXCEEDED, new Row(504, "server_error", "deadline_exceeded", null, true)),
            Arguments.of(ErrorCode.RATE_LIMIT_EXCEEDED, new Row(429, "rate_limit_error", "rate_limit_exceeded", null, true)),
            Arguments.of(ErrorCode.QUOTA_EXCEEDED, new Row(429, "insufficient_quota", "insufficient_quota", null, false)));
        return ROUTES.keySet().stream().flatMap(route -> rows.stream().map(row -> Arguments.of(route, row.get()[0], row.get()[1])));
    }

    @ParameterizedTest
    @MethodSource("failures")
    void notTheCallersFault(final String route, final ErrorCode code, final Row row) {
        cluster.line.script = request -> Script.of("").failing(code);
        check(cluster.post(route, ROUTES.get(route).formatted("")), row);
    }

    static Stream<String> routes() {
        return ROUTES.keySet().stream();
    }

    @ParameterizedTest
    @MethodSource("routes")
    void whoAsksAndHow(final String route) {
        final HttpRequest.BodyPublisher body = HttpRequest.BodyPublishers.ofString(ROUTES.get(route).formatted(""));
        final Row key = new Row(401, INVALID, "invalid_api_key", null, false);
        check(cluster.send(HttpRequest.newBuilder(cluster.uri(route)).POST(body).build()), key);
        check(cluster.send(HttpRequest.newBuilder(cluster.uri(route)).header("x-api-key", "wrong").POST(body).build()), key);
        check(cluster.get(route), new Row(405, INVALID, "method_not_allowed", null, false));
        check(cluster.post(route + "/more", "{}"), new Row(404, INVALID, "unknown_url", null, false));
    }

    @Test
    void aStreamThatHasBegunEndsInAnErrorAndNotAsDone() {
        for (final String route : List.of("/v1/chat/completions", "/v1/completions")) {
            cluster.line.script = request -> Script.of("hel").failing(ErrorCode.NODE_LOST);
            final HttpResponse<String> response = cluster.post(route, ROUTES.get(route).formatted(",\"stream\":true"));
            assertThat(response.statusCode()).isEqualTo(200);
            final List<String> events = TestCluster.events(response.body());
            assertThat(events).doesNotContain("[DONE]");
            assertThat(json(events.getLast()).path("error").path("type").asText()).isEqualTo("server_error");
            cluster.line.script = request -> Script.of("").failing(ErrorCode.NODE_LOST);
            check(cluster.post(route, ROUTES.get(route).formatted(",\"stream\":true")), new Row(503, "server_error", null, null, true));
        }
    }

    @Test
    void limitsOfATenantAreToldAndKept() {
        try (TestCluster limited = new TestCluster(new RateLimits.Limits(2, 1000, 0))) {
            limited.line.play("hello");
            final String body = ROUTES.get("/v1/chat/completions").formatted("");
            final HttpResponse<String> first = limited.post("/v1/chat/completions", body);
            assertThat(first.headers().firstValue("x-ratelimit-limit-requests")).hasValue("2");
            assertThat(first.headers().firstValue("x-ratelimit-remaining-requests")).hasValue("1");
            assertThat(first.headers().firstValue("x-ratelimit-limit-tokens")).hasValue("1000");
            assertThat(first.headers().firstValue("x-ratelimit-remaining-tokens")).hasValue("1000");
            assertThat(first.headers().firstValue("x-ratelimit-reset-requests")).get().asString().matches("30s|29\\.\\d+s");
            assertThat(limited.post("/v1/chat/completions", body).statusCode()).isEqualTo(200);
            final HttpResponse<String> third = limited.post("/v1/chat/completions", body);
            check(third, new Row(429, "rate_limit_error", "rate_limit_exceeded", null, true));
            assertThat(Integer.parseInt(third.headers().firstValue("retry-after").orElseThrow())).isBetween(1, 30);
        }
    }
}
