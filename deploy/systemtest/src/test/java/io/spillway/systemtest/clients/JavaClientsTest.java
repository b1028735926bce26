package io.spillway.systemtest.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.helpers.ChatCompletionAccumulator;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionToolChoiceOption;
import com.openai.models.chat.completions.ChatCompletionToolMessageParam;
import com.openai.models.chat.completions.StructuredChatCompletionCreateParams;
import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.request.ToolChoice;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.request.json.JsonSchema;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import io.spillway.bench.cluster.ClusterQuestions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Published Java clients, unmodified, each through its scripted conversation. Everything is held against the published schemas. */
@ExtendWith(ClientCluster.class)
class JavaClientsTest {
    private static final String MODEL = "brook";
    private static final String QUESTION = "How tall is the Ganki blanket?";
    private static final String HEIGHT = "91";
    private static final String ORDER_QUESTION = "Where is my order ORD-34200?";
    private static final String ORDER = "{\"order_id\": \"ORD-34200\", \"item\": \"Arza puzzle\", \"status\": \"shipped\"}";
    private static final int MINUTES = 3;

    /** An answer's form, as the client makes a schema of it. */
    static final class Fact {
        public int height;
        public boolean sure;
    }

    /** A tool, as the client makes a schema of it. */
    @com.fasterxml.jackson.annotation.JsonTypeName("get_order_status")
    @com.fasterxml.jackson.annotation.JsonClassDescription("Look up an order.")
    static final class GetOrderStatus {
        @com.fasterxml.jackson.annotation.JsonProperty("order_id")
        public String orderId;
    }

    @Test
    void openAi(final ClientCluster.Running cluster) {
        final OpenAIClient client = OpenAIOkHttpClient.builder().baseUrl(cluster.root("openai-java") + "/v1").apiKey(cluster.apiKey())
            .maxRetries(0).timeout(Duration.ofMinutes(MINUTES)).build();
        final ChatCompletionCreateParams params = ChatCompletionCreateParams.builder().model(MODEL).temperature(0.0)
            .addDeveloperMessage(ClusterQuestions.SYSTEM).addUserMessage(QUESTION).maxCompletionTokens(60).build();
        assertThat(client.models().list().data()).extracting(model -> model.id()).containsExactly(MODEL);
        final ChatCompletion whole = client.chat().completions().create(params);
        whole.validate();
        assertThat(text(whole)).contains(HEIGHT);
        assertThat(text(streamed(client, params))).isEqualTo(text(whole));
        tools(client, params);
        structured(client, params);
        assertThatExceptionOfType(BadRequestException.class).isThrownBy(
            () -> client.chat().completions().create(params.toBuilder().temperature(9.0).build()));
        client.close();
        cluster.checkWire("openai-java");
    }

    private static String text(final ChatCompletion answer) {
        return answer.choices().getFirst().message().content().orElse("");
    }

    private static ChatCompletion streamed(final OpenAIClient client, final ChatCompletionCreateParams params) {
        final ChatCompletionAccumulator sum = ChatCompletionAccumulator.create();
        try (StreamResponse<ChatCompletionChunk> stream = client.chat().completions().createStreaming(params)) {
            stream.stream().peek(ChatCompletionChunk::validate).forEach(sum::accumulate);
        }
        return sum.chatCompletion();
    }

    private static void tools(final OpenAIClient client, final ChatCompletionCreateParams params) {
        final ChatCompletionCreateParams first = params.toBuilder().messages(List.of()).addSystemMessage(ClusterQuestions.SYSTEM)
            .addUserMessage(ORDER_QUESTION).maxCompletionTokens(120).addTool(GetOrderStatus.class)
            .toolChoice(ChatCompletionToolChoiceOption.Auto.REQUIRED).build();
        final ChatCompletion asked = streamed(client, first);
        final var call = asked.choices().getFirst().message().toolCalls().orElseThrow().getFirst().asFunction();
        assertThat(call.function().arguments(GetOrderStatus.class).orderId).isNotBlank();
        final ChatCompletion answer = client.chat().completions().create(first.toBuilder()
            .toolChoice(ChatCompletionToolChoiceOption.Auto.NONE).addMessage(asked.choices().getFirst().message())
            .addMessage(ChatCompletionToolMessageParam.builder().toolCallId(call.id()).content(ORDER).build()).build());
        assertThat(text(answer)).contains("Arza puzzle");
    }

    private static void structured(final OpenAIClient client, final ChatCompletionCreateParams params) {
        final StructuredChatCompletionCreateParams<Fact> wanted = params.toBuilder().maxCompletionTokens(400).responseFormat(Fact.class).build();
        final Fact fact = client.chat().completions().create(wanted).choices().getFirst().message().content().orElseThrow();
        assertThat(fact.height).isBetween(-1_000_000, 1_000_000);
    }

    @Test
    void langChain4j(final ClientCluster.Running cluster) throws Exception {
        final String baseUrl = cluster.root("langchain4j") + "/v1";
        final OpenAiChatModel model = OpenAiChatModel.builder().baseUrl(baseUrl).apiKey(cluster.apiKey()).modelName(MODEL)
            .temperature(0.0).maxCompletionTokens(120).maxRetries(0).strictJsonSchema(true).timeout(Duration.ofMinutes(MINUTES)).build();
        final List<ChatMessage> asked = List.of(SystemMessage.from(ClusterQuestions.SYSTEM), UserMessage.from(QUESTION));
        final ChatResponse whole = model.chat(asked);
        assertThat(whole.aiMessage().text()).contains(HEIGHT);
        final ChatResponse streamed = streamed(OpenAiStreamingChatModel.builder().baseUrl(baseUrl).apiKey(cluster.apiKey())
            .modelName(MODEL).temperature(0.0).maxCompletionTokens(120).timeout(Duration.ofMinutes(MINUTES)).build(), asked);
        assertThat(streamed.aiMessage().text()).isEqualTo(whole.aiMessage().text());
        assertThat(streamed.tokenUsage().inputTokenCount()).isEqualTo(whole.tokenUsage().inputTokenCount());
        tools(model);
        final ResponseFormat format = ResponseFormat.builder().type(ResponseFormatType.JSON).jsonSchema(JsonSchema.builder().name("fact")
            .rootElement(JsonObjectSchema.builder().addIntegerProperty("height").addBooleanProperty("sure").required("height", "sure").build())
            .build()).build();
        final String fact = model.chat(ChatRequest.builder().messages(asked).responseFormat(format).build()).aiMessage().text();
        assertThat(fact).startsWith("{").contains("\"height\"").contains("\"sure\"").endsWith("}");
        cluster.checkWire("langchain4j");
    }

    private static ChatResponse streamed(final OpenAiStreamingChatModel model, final List<ChatMessage> messages) throws Exception {
        final CompletableFuture<ChatResponse> end = new CompletableFuture<>();
        model.chat(messages, new StreamingChatResponseHandler() {
            @Override
            public void onCompleteResponse(final ChatResponse response) {
                end.complete(response);
            }

            @Override
            public void onError(final Throwable error) {
                end.completeExceptionally(error);
            }
        });
        return end.get(MINUTES, TimeUnit.MINUTES);
    }

    private static void tools(final OpenAiChatModel model) {
        final ToolSpecification look = ToolSpecification.builder().name("get_order_status").description("Look up an order.")
            .parameters(JsonObjectSchema.builder().addStringProperty("order_id").required("order_id").build()).build();
        final List<ChatMessage> messages = new ArrayList<>(
            List.of(SystemMessage.from(ClusterQuestions.SYSTEM), UserMessage.from(ORDER_QUESTION)));
        final ChatResponse asked = model.chat(ChatRequest.builder().messages(messages).toolSpecifications(look)
            .toolChoice(ToolChoice.REQUIRED).build());
        final ToolExecutionRequest call = asked.aiMessage().toolExecutionRequests().getFirst();
        assertThat(call.name()).isEqualTo("get_order_status");
        messages.add(asked.aiMessage());
        messages.add(ToolExecutionResultMessage.from(call, ORDER));
        final ChatResponse answer = model.chat(ChatRequest.builder().messages(messages).toolSpecifications(look)
            .toolChoice(ToolChoice.NONE).build());
        assertThat(answer.aiMessage().text()).contains("Arza puzzle");
    }
}
