package io.spillway.systemtest.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.http.StreamResponse;
import com.openai.errors.NotFoundException;
import com.openai.helpers.ResponseAccumulator;
import com.openai.models.responses.FunctionTool;
import com.openai.models.responses.Response;
import com.openai.models.responses.ResponseCreateParams;
import com.openai.models.responses.ResponseFunctionToolCall;
import com.openai.models.responses.ResponseInputItem;
import com.openai.models.responses.ResponseStatus;
import com.openai.models.responses.ResponseStreamEvent;
import com.openai.models.responses.ToolChoiceOptions;
import io.spillway.bench.cluster.ClusterQuestions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** OpenAI's Java client over the Responses API, unmodified, which also validates what it gets. */
@ExtendWith(ClientCluster.class)
class JavaResponsesTest {
    private static final String NAME = "openai-java-responses";
    private static final String ORDER = "{\"order_id\": \"ORD-34200\", \"item\": \"Arza puzzle\", \"status\": \"shipped\"}";

    @Test
    void conversation(final ClientCluster.Running cluster) {
        final OpenAIClient client = OpenAIOkHttpClient.builder().baseUrl(cluster.root(NAME) + "/v1").apiKey(cluster.apiKey())
            .maxRetries(0).timeout(Duration.ofMinutes(3)).build();
        final ResponseCreateParams params = ask().input("How tall is the Ganki blanket?").maxOutputTokens(60).build();
        final Response whole = client.responses().create(params);
        whole.validate();
        assertThat(text(whole)).contains("91");
        final Response streamed = streamed(client, params);
        assertThat(text(streamed)).isEqualTo(text(whole));
        assertThat(streamed.usage().orElseThrow().inputTokensDetails().cachedTokens()).isPositive();
        tools(client);
        client.responses().delete(whole.id());
        assertThatExceptionOfType(NotFoundException.class).isThrownBy(() -> client.responses().retrieve(whole.id()));
        client.close();
        cluster.checkWire(NAME);
    }

    private static ResponseCreateParams.Builder ask() {
        return ResponseCreateParams.builder().model("brook").instructions(ClusterQuestions.SYSTEM).temperature(0.0);
    }

    private static String text(final Response response) {
        return response.output().stream().flatMap(item -> item.message().stream()).flatMap(message -> message.content().stream())
            .flatMap(part -> part.outputText().stream()).map(part -> part.text()).reduce("", String::concat);
    }

    private static Response streamed(final OpenAIClient client, final ResponseCreateParams params) {
        final ResponseAccumulator sum = ResponseAccumulator.create();
        try (StreamResponse<ResponseStreamEvent> events = client.responses().createStreaming(params)) {
            events.stream().map(ResponseStreamEvent::validate).forEach(sum::accumulate);
        }
        assertThat(sum.response().status()).hasValue(ResponseStatus.COMPLETED);
        return sum.response();
    }

    private static void tools(final OpenAIClient client) {
        final FunctionTool look = FunctionTool.builder().name("get_order_status").description("Look up an order.").strict(false)
            .parameters(FunctionTool.Parameters.builder().putAdditionalProperty("type", JsonValue.from("object"))
                .putAdditionalProperty("properties", JsonValue.from(Map.of("order_id", Map.of("type", "string"))))
                .putAdditionalProperty("required", JsonValue.from(List.of("order_id"))).build()).build();
        final Response asked = streamed(client, ask().input("Where is my order ORD-34200?").addTool(look).maxOutputTokens(120)
            .toolChoice(ToolChoiceOptions.REQUIRED).build());
        final ResponseFunctionToolCall call = asked.output().stream().flatMap(item -> item.functionCall().stream()).findFirst().orElseThrow();
        assertThat(call.name()).isEqualTo("get_order_status");
        final Response answer = client.responses().create(ask().addTool(look).previousResponseId(asked.id()).maxOutputTokens(120)
            .toolChoice(ToolChoiceOptions.NONE).inputOfResponse(List.of(ResponseInputItem.ofFunctionCallOutput(
                ResponseInputItem.FunctionCallOutput.builder().callId(call.callId()).output(ORDER).build()))).build());
        assertThat(text(answer)).contains("Arza puzzle");
    }
}
