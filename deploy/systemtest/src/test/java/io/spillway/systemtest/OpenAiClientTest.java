package io.spillway.systemtest;

import static org.assertj.core.api.Assertions.assertThat;

import com.openai.client.OpenAIClient;
import com.openai.core.JsonValue;
import com.openai.models.FunctionDefinition;
import com.openai.models.FunctionParameters;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionFunctionTool;
import com.openai.models.chat.completions.ChatCompletionMessageToolCall;
import com.openai.models.chat.completions.ChatCompletionToolMessageParam;
import com.openai.models.completions.CompletionCreateParams;
import io.spillway.bench.cluster.ClusterQuestions;
import io.spillway.bench.cluster.CommandLineCluster;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The whole cluster in one process, as {@code ./spillway up} starts it, through the official OpenAI client and raw HTTP. */
class OpenAiClientTest {
    private static CommandLineCluster cluster;
    private static OpenAIClient client;

    @BeforeAll
    static void start() throws Exception {
        cluster = CommandLineCluster.start();
        client = cluster.openAi();
    }

    @AfterAll
    static void end() throws Exception {
        cluster.close();
    }

    @Test
    void modelsAreListed() {
        assertThat(client.models().list().data()).extracting(model -> model.id()).containsExactly("brook");
        assertThat(client.models().retrieve("brook").id()).isEqualTo("brook");
    }

    @Test
    void streamedAndWholeAnswersAreTheSameAndTheSecondIsCached() throws Exception {
        final ChatCompletionCreateParams params = ChatCompletionCreateParams.builder().model("brook")
            .addSystemMessage(ClusterQuestions.SYSTEM).addUserMessage("How tall is the Ganki blanket?").temperature(0.0)
            .maxCompletionTokens(60).build();
        final ChatCompletion whole = client.chat().completions().create(params);
        assertThat(whole.choices().getFirst().message().content().orElseThrow()).contains("91");
        final Streams.Answer streamed = Streams.run(client, params, 0, () -> { });
        assertThat(streamed.text()).isEqualTo(whole.choices().getFirst().message().content().orElseThrow());
        assertThat(streamed.finishReason()).isEqualTo("stop");
        final var usage = streamed.usage().orElseThrow();
        assertThat(usage.promptTokens()).isEqualTo(whole.usage().orElseThrow().promptTokens());
        assertThat(usage.promptTokensDetails().orElseThrow().cachedTokens().orElseThrow())
            .isEqualTo((usage.promptTokens() - 1) / 64 * 64);
    }

    @Test
    void aToolIsCalledAndItsResultUsed() {
        final ChatCompletionCreateParams first = ChatCompletionCreateParams.builder().model("brook").temperature(0.0)
            .addSystemMessage(ClusterQuestions.SYSTEM).addUserMessage("Where is my order ORD-34200?")
            .addTool(orderStatusTool()).build();
        final ChatCompletion.Choice asked = client.chat().completions().create(first).choices().getFirst();
        assertThat(asked.finishReason().toString()).isEqualTo("tool_calls");
        final ChatCompletionMessageToolCall call = asked.message().toolCalls().orElseThrow().getFirst();
        assertThat(call.asFunction().function().name()).isEqualTo("get_order_status");
        assertThat(call.asFunction().function().arguments()).contains("ORD-34200");
        final ChatCompletionCreateParams second = first.toBuilder().addMessage(asked.message())
            .addMessage(ChatCompletionToolMessageParam.builder().toolCallId(call.asFunction().id())
                .content("{\"order_id\": \"ORD-34200\", \"item\": \"Arza puzzle\", \"status\": \"shipped\"}").build())
            .build();
        final ChatCompletion answer = client.chat().completions().create(second);
        assertThat(answer.choices().getFirst().message().content().orElseThrow()).contains("Arza puzzle");
        assertThat(answer.usage().orElseThrow().promptTokensDetails().orElseThrow().cachedTokens().orElseThrow())
            .as("the history is found in the cache").isPositive();
    }

    @Test
    void answersKeepToASchema() throws Exception {
        final Map<String, Object> schema = Map.of("type", "object", "additionalProperties", false, "required", List.of("intent", "order"),
            "properties", Map.of("intent", Map.of("enum", List.of("refund", "status")), "order", Map.of("type", "integer", "maximum", 99_999)));
        final ChatCompletion answer = client.chat().completions().create(ChatCompletionCreateParams.builder().model("brook").temperature(1.0).seed(5)
            .addUserMessage("Tell me a long story.").putAdditionalBodyProperty("response_format", JsonValue.from(Map.of("type", "json_schema",
                "json_schema", Map.of("name", "ticket", "strict", true, "schema", schema)))).build());
        final var ticket = new com.fasterxml.jackson.databind.ObjectMapper().readTree(answer.choices().getFirst().message().content().orElseThrow());
        assertThat(ticket.path("intent").asText()).isIn("refund", "status");
        assertThat(ticket.path("order").isIntegralNumber()).isTrue();
        assertThat(ticket.size()).isEqualTo(2);
        assertThat(answer.choices().getFirst().finishReason().toString()).isEqualTo("stop");
    }

    @Test
    void aDemandedCallKeepsToItsSchema() throws Exception {
        final ChatCompletion answer = client.chat().completions().create(ChatCompletionCreateParams.builder().model("brook").temperature(1.0).seed(6)
            .addUserMessage("Hello!").addTool(orderStatusTool()).putAdditionalBodyProperty("tool_choice", JsonValue.from("required"))
            .putAdditionalBodyProperty("parallel_tool_calls", JsonValue.from(false)).maxCompletionTokens(400).build());
        final var call = answer.choices().getFirst().message().toolCalls().orElseThrow().getFirst().asFunction().function();
        assertThat(call.name()).isEqualTo("get_order_status");
        assertThat(new com.fasterxml.jackson.databind.ObjectMapper().readTree(call.arguments()).path("order_id").isTextual()).isTrue();
    }

    @Test
    void plainCompletionsWork() {
        final var completion = client.completions().create(CompletionCreateParams.builder().model("brook")
            .prompt("<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n").maxTokens(20).temperature(0.0).build());
        assertThat(completion.choices().getFirst().text()).isNotBlank();
    }

    @Test
    void aConversationHasAsManyTokensAsItsAnswerIsChargedFor() throws Exception {
        final String body = "{\"model\":\"brook\",\"max_tokens\":1,\"messages\":[{\"role\":\"user\",\"content\":\"Where is my order?\"}],\"tools\":[{"
            + "\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{\"type\":\"object\"}}}]}";
        final var json = new com.fasterxml.jackson.databind.ObjectMapper();
        final var tokens = json.readTree(post("/v1/tokenize", body));
        assertThat(tokens.path("count").asInt()).isPositive()
            .isEqualTo(json.readTree(post("/v1/chat/completions", body)).path("usage").path("prompt_tokens").asInt());
        assertThat(json.readTree(post("/v1/detokenize", "{\"model\":\"brook\",\"tokens\":" + tokens.path("tokens") + "}")).path("prompt").asText())
            .contains("Where is my order?");
    }

    private static String post(final String path, final String body) throws IOException, InterruptedException {
        try (HttpClient http = HttpClient.newHttpClient()) {
            return http.send(HttpRequest.newBuilder(URI.create(cluster.baseUrl().replace("/v1", path)))
                .header("authorization", "Bearer " + cluster.apiKey()).POST(HttpRequest.BodyPublishers.ofString(body)).build(),
                HttpResponse.BodyHandlers.ofString()).body();
        }
    }

    @Test
    void healthAndMetricsAnswer() throws Exception {
        assertThat(get("/health").statusCode()).isEqualTo(200);
        assertThat(get("/live").statusCode()).isEqualTo(200);
        assertThat(get("/openapi.json").body()).contains("/v1/chat/completions");
        final String metrics = get("/metrics").body();
        assertThat(metrics).contains("spillway_").contains("node-1");
        assertThat(get("/console").body()).contains("<html");
    }

    private static HttpResponse<String> get(final String path) throws IOException, InterruptedException {
        try (HttpClient http = HttpClient.newHttpClient()) {
            return http.send(HttpRequest.newBuilder(URI.create(cluster.baseUrl().replace("/v1", path))).build(),
                HttpResponse.BodyHandlers.ofString());
        }
    }

    private static ChatCompletionFunctionTool orderStatusTool() {
        return ChatCompletionFunctionTool.builder().function(FunctionDefinition.builder().name("get_order_status")
            .description("Look up an order.").parameters(FunctionParameters.builder()
                .putAdditionalProperty("type", JsonValue.from("object"))
                .putAdditionalProperty("properties", JsonValue.from(Map.of("order_id", Map.of("type", "string"))))
                .putAdditionalProperty("required", JsonValue.from(List.of("order_id"))).build()).build()).build();
    }
}
