package io.spillway.systemtest.wire;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.testkit.openai.OpenAiSchemas;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** Holds recorded exchanges against the published schemas and the order that streams promise. Stateless; any thread. */
public final class WireRules {
    static final ObjectMapper JSON = new ObjectMapper();
    private static final int ERRORS_FROM = 400;
    private static final String ID = "/[^/]+";
    /** Schema of a whole answer, by method and path. */
    private static final Map<Pattern, String> WHOLE = Map.ofEntries(
        whole("POST /v1/chat/completions", "CreateChatCompletionResponse"),
        whole("POST /v1/completions", "CreateCompletionResponse"),
        whole("POST /v1/embeddings", "CreateEmbeddingResponse"),
        whole("GET /v1/models", "ListModelsResponse"),
        whole("GET /v1/models" + ID, "Model"),
        whole("POST /v1/responses", "Response"),
        whole("GET /v1/responses" + ID, "Response"),
        whole("POST /v1/responses" + ID + "/cancel", "Response"),
        whole("GET /v1/responses" + ID + "/input_items", "ResponseItemList"),
        whole("POST /v1/files", "OpenAIFile"),
        whole("GET /v1/files" + ID, "OpenAIFile"),
        whole("GET /v1/files", "ListFilesResponse"),
        whole("DELETE /v1/files" + ID, "DeleteFileResponse"),
        whole("POST /v1/batches", "Batch"),
        whole("GET /v1/batches" + ID, "Batch"),
        whole("POST /v1/batches" + ID + "/cancel", "Batch"),
        whole("GET /v1/batches", "ListBatchesResponse"));
    /** Answers for which nothing is published. */
    private static final Pattern FREE = Pattern.compile("GET /v1/files" + ID + "/content|DELETE /v1/responses" + ID
        + "|POST /v1/responses/input_tokens");

    private WireRules() {
    }

    private static Map.Entry<Pattern, String> whole(final String route, final String schema) {
        return Map.entry(Pattern.compile(route), schema);
    }

    /** @throws AssertionError when the answer is not what is published for it */
    public static void check(final Exchange exchange) {
        try {
            checkRead(exchange);
        } catch (final JsonProcessingException | AssertionError | RuntimeException e) {
            throw new AssertionError(exchange + ": " + e.getMessage() + "\nasked: " + exchange.requestBody() + "\ngot: " + exchange.body(), e);
        }
    }

    private static void checkRead(final Exchange exchange) throws JsonProcessingException {
        final boolean messages = exchange.path().startsWith("/v1/messages");
        require(exchange.headers().containsKey("x-request-id"), "there must be an x-request-id");
        if (exchange.status() >= ERRORS_FROM) {
            checkError(exchange, messages);
        } else if (exchange.isStream()) {
            checkStream(exchange, SseEvents.parse(exchange.body()));
        } else if (messages || exchange.path().startsWith("/v1/models") && exchange.headers().containsKey("request-id")) {
            MessageRules.check(exchange);
        } else if (exchange.whole()) {
            checkWhole(exchange);
        }
    }

    private static void checkError(final Exchange exchange, final boolean messages) throws JsonProcessingException {
        final JsonNode body = JSON.readTree(exchange.body());
        if (messages) {
            MessageRules.checkError(exchange, body);
            return;
        }
        OpenAiSchemas.check("ErrorResponse", body);
        require(exchange.status() < 500, "a scripted conversation makes no server errors");
    }

    private static void checkStream(final Exchange exchange, final List<SseEvents.Event> events) throws JsonProcessingException {
        switch (exchange.path()) {
            case "/v1/chat/completions" -> ChatStreamRules.check(events, exchange.whole());
            case "/v1/messages" -> MessageRules.checkStream(events, exchange.whole());
            case String path when path.startsWith("/v1/responses") -> ResponseStreamRules.check(events, exchange.whole());
            default -> throw new AssertionError("no rules for a stream of " + exchange.path());
        }
    }

    private static void checkWhole(final Exchange exchange) throws JsonProcessingException {
        final String route = exchange.method() + " " + exchange.path();
        if (FREE.matcher(route).matches()) {
            return;
        }
        final String schema = WHOLE.entrySet().stream().filter(entry -> entry.getKey().matcher(route).matches())
            .map(Map.Entry::getValue).findFirst().orElseThrow(() -> new AssertionError("no schema is known for " + route));
        OpenAiSchemas.check(schema, asPublished(JSON.readTree(exchange.body())));
    }

    /** Clients ask for embeddings in base64, which the published document does not know: little-endian floats. */
    private static JsonNode asPublished(final JsonNode answer) {
        for (final JsonNode each : answer.path("data")) {
            if (each.path("embedding").isTextual()) {
                final FloatBuffer floats = ByteBuffer.wrap(Base64.getDecoder().decode(each.get("embedding").asText()))
                    .order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
                final ArrayNode numbers = ((ObjectNode) each).putArray("embedding");
                while (floats.hasRemaining()) {
                    numbers.add(floats.get());
                }
            }
        }
        return answer;
    }

    static void require(final boolean holds, final String rule) {
        if (!holds) {
            throw new AssertionError(rule);
        }
    }
}
