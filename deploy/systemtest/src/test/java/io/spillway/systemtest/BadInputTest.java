package io.spillway.systemtest;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.spillway.bench.cluster.CommandLineCluster;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Every kind of bad input against a running cluster: the right status, the four keys, the offending field. Prints the table. */
class BadInputTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** One bad input and what it must get. */
    private record Case(String what, String method, String path, String key, String body, int status, String code, String param) {
    }

    @Test
    void badInputGetsAClearTypedError() throws Exception {
        final List<String> table = new ArrayList<>(List.of("| bad input | status | code | param | message |", "|---|---|---|---|---|"));
        try (CommandLineCluster cluster = CommandLineCluster.start(); HttpClient http = HttpClient.newHttpClient()) {
            for (final Case bad : cases(cluster.apiKey())) {
                final HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(cluster.baseUrl().replace("/v1", bad.path())))
                    .method(bad.method(), HttpRequest.BodyPublishers.ofString(bad.body()));
                if (!bad.key().isEmpty()) {
                    request.header("Authorization", bad.key());
                }
                final HttpResponse<String> answer = http.send(request.build(), HttpResponse.BodyHandlers.ofString());
                final JsonNode error = JSON.readTree(answer.body()).path("error");
                table.add("| " + bad.what() + " | " + answer.statusCode() + " | " + error.path("code").asText() + " | "
                    + error.path("param").asText() + " | " + error.path("message").asText() + " |");
                assertThat(answer.statusCode()).as(bad.what()).isEqualTo(bad.status());
                assertThat(error.fieldNames()).toIterable().as(bad.what()).contains("message", "type", "param", "code");
                assertThat(error.path("code").asText("null")).as(bad.what()).isEqualTo(bad.code());
                assertThat(error.path("param").asText("null")).as(bad.what()).isEqualTo(bad.param());
                assertThat(error.path("message").asText()).as(bad.what()).isNotBlank();
            }
        }
        System.out.println(String.join("\n", table));
    }

    private static List<Case> cases(final String apiKey) {
        final String key = "Bearer " + apiKey;
        final List<Case> cases = new ArrayList<>();
        cases.add(chat("not JSON", key, "{\"model\": ", 400, "null", "null"));
        cases.add(chat("not an object", key, "[1]", 400, "null", "null"));
        cases.add(chat("empty body", key, "", 400, "null", "null"));
        cases.add(chat("no model", key, "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", 400, "missing_required_parameter", "model"));
        cases.add(chat("no messages", key, "{\"model\":\"brook\"}", 400, "missing_required_parameter", "messages"));
        cases.add(chat("messages of wrong type", key, "{\"model\":\"brook\",\"messages\":\"hi\"}", 400, "invalid_type", "messages"));
        cases.add(chat("unknown role", key, body("\"messages\":[{\"role\":\"wizard\",\"content\":\"x\"}]"), 400, "invalid_value", "messages[0].role"));
        cases.add(chat("temperature of wrong type", key, body(HI + ",\"temperature\":\"hot\""), 400, "invalid_type", "temperature"));
        cases.add(chat("temperature out of range", key, body(HI + ",\"temperature\":-1"), 400, "decimal_below_min_value", "temperature"));
        cases.add(chat("max_tokens zero", key, body(HI + ",\"max_tokens\":0"), 400, "integer_below_min_value", "max_tokens"));
        cases.add(chat("unknown model", key, body(HI).replace("brook", "gpt-9"), 404, "model_not_found", "model"));
        cases.add(chat("prompt too long", key, body("\"messages\":[{\"role\":\"user\",\"content\":\"" + "1234567 ".repeat(6000) + "\"}]"),
            400, "context_length_exceeded", "messages"));
        cases.add(chat("no key", "", body(HI), 401, "invalid_api_key", "null"));
        cases.add(chat("wrong key", "Bearer sk-wrong", body(HI), 401, "invalid_api_key", "null"));
        cases.add(new Case("unknown path", "GET", "/v1/nothing", key, "", 404, "unknown_url", "null"));
        cases.add(new Case("wrong method", "GET", "/v1/chat/completions", key, "", 405, "method_not_allowed", "null"));
        cases.add(new Case("unknown model retrieved", "GET", "/v1/models/nope", key, "", 404, "model_not_found", "model"));
        return cases;
    }

    private static final String HI = "\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]";

    private static String body(final String rest) {
        return "{\"model\":\"brook\"," + rest + "}";
    }

    private static Case chat(
        final String what, final String key, final String body, final int status, final String code, final String param) {
        return new Case(what, "POST", "/v1/chat/completions", key, body, status, code, param);
    }
}
