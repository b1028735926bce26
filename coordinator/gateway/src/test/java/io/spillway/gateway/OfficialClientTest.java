package io.spillway.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.errors.UnauthorizedException;
import com.openai.helpers.ChatCompletionAccumulator;
import com.openai.models.FunctionDefinition;
import com.openai.models.FunctionParameters;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionFunctionTool;
import com.openai.models.chat.completions.ChatCompletionMessageToolCall;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.chat.completions.ChatCompletionToolMessageParam;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class OfficialClientTest {
    private static TestCluster cluster;
    private static OpenAIClient client;

    @BeforeAll
    static void start() {
        cluster = new TestCluster();
        client = client(TestCluster.KEY);
    }

    @AfterAll
    static void stop() {
        client.close();
        cluster.close();
    }

    private static OpenAIClient client(final String key) {
        return OpenAIOkHttpClient.builder().baseUrl(cluster.uri("/v1").toString()).apiKey(key).maxRetries(0).build();
    }

    private static ChatCompletionCreateParams.Builder ask() {
        return ChatCompletionCreateParams.builder().model("bytes").addSystemMessage("brief").addUserMessage("hi");
    }

    private static ChatCompletionCreateParams.Builder askWithTool() {
        return ask().addTool(ChatCompletionFunctionTool.builder().function(FunctionDefinition.builder().name("look")
            .parameters(FunctionParameters.builder().putAdditionalProperty("type", JsonValue.from("object")).build())
            .build()).build());
    }

    @Test
    void chat() {
        cluster.line.play("hello");
        final ChatCompletion answer = client.chat().completions().create(ask().build());
        answer.validate();
        assertThat(answer.choices().getFirst().message().content()).hasValue("hello");
        assertThat(answer.usage().orElseThrow().promptTokensDetails().orElseThrow().cachedTokens()).hasValue(10L);
    }

    @Test
    void stream() {
        cluster.line.play("aé€😀z");
        final ChatCompletionAccumulator whole = ChatCompletionAccumulator.create();
        try (StreamResponse<ChatCompletionChunk> chunks = client.chat().completions().createStreaming(ask()
            .streamOptions(ChatCompletionStreamOptions.builder().includeUsage(true).build()).build())) {
            chunks.stream().map(ChatCompletionChunk::validate).forEach(whole::accumulate);
        }
        assertThat(whole.chatCompletion().choices().getFirst().message().content()).hasValue("aé€😀z");
        assertThat(whole.chatCompletion().usage().orElseThrow().completionTokens()).isEqualTo(11);
    }

    @Test
    void toolLoop() {
        cluster.line.play("Check.[[look|{\"a\": 1}]]");
        final ChatCompletion first = client.chat().completions().create(askWithTool().build());
        first.validate();
        final var message = first.choices().getFirst().message();
        final ChatCompletionMessageToolCall call = message.toolCalls().orElseThrow().getFirst();
        assertThat(call.asFunction().function().name()).isEqualTo("look");
        assertThat(call.asFunction().function().arguments()).isEqualTo("{\"a\": 1}");

        cluster.line.play("done");
        final ChatCompletion second = client.chat().completions().create(askWithTool().addMessage(message)
            .addMessage(ChatCompletionToolMessageParam.builder().toolCallId(call.asFunction().id()).content("42").build()).build());
        assertThat(second.choices().getFirst().message().content()).hasValue("done");
        assertThat(second.choices().getFirst().finishReason()).isEqualTo(ChatCompletion.Choice.FinishReason.STOP);
    }

    @Test
    void streamedToolCall() {
        cluster.line.play("[[look|{\"a\": 1}]]");
        final ChatCompletionAccumulator whole = ChatCompletionAccumulator.create();
        try (StreamResponse<ChatCompletionChunk> chunks = client.chat().completions().createStreaming(askWithTool().build())) {
            chunks.stream().forEach(whole::accumulate);
        }
        final var choice = whole.chatCompletion().choices().getFirst();
        assertThat(choice.finishReason()).isEqualTo(ChatCompletion.Choice.FinishReason.TOOL_CALLS);
        assertThat(choice.message().toolCalls().orElseThrow().getFirst().asFunction().function().arguments())
            .isEqualTo("{\"a\": 1}");
    }

    @Test
    void models() {
        assertThat(client.models().list().data()).extracting(model -> model.id()).containsExactly("bytes");
        assertThat(client.models().retrieve("bytes").validate().ownedBy()).isEqualTo("spillway");
    }

    @Test
    void errorsBecomeTheClientsOwnKinds() {
        assertThatThrownBy(() -> client.chat().completions().create(ask().model("nope").build()))
            .isInstanceOf(NotFoundException.class);
        assertThatThrownBy(() -> client.chat().completions().create(ask().putAdditionalBodyProperty("top_k",
            JsonValue.from(Map.of())).build())).isInstanceOf(BadRequestException.class).hasMessageContaining("top_k");
        final OpenAIClient stranger = client("wrong");
        try {
            assertThatThrownBy(() -> stranger.models().list()).isInstanceOf(UnauthorizedException.class);
        } finally {
            stranger.close();
        }
    }
}
