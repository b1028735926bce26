package io.spillway.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.anthropic.client.AnthropicClient;
import com.anthropic.client.okhttp.AnthropicOkHttpClient;
import com.anthropic.core.JsonValue;
import com.anthropic.core.http.StreamResponse;
import com.anthropic.errors.AnthropicServiceException;
import com.anthropic.errors.BadRequestException;
import com.anthropic.errors.NotFoundException;
import com.anthropic.errors.UnauthorizedException;
import com.anthropic.helpers.MessageAccumulator;
import com.anthropic.models.messages.CacheControlEphemeral;
import com.anthropic.models.messages.ContentBlock;
import com.anthropic.models.messages.ContentBlockParam;
import com.anthropic.models.messages.Message;
import com.anthropic.models.messages.MessageCountTokensParams;
import com.anthropic.models.messages.MessageCreateParams;
import com.anthropic.models.messages.RawMessageStreamEvent;
import com.anthropic.models.messages.StopReason;
import com.anthropic.models.messages.TextBlockParam;
import com.anthropic.models.messages.Tool;
import com.anthropic.models.messages.ToolResultBlockParam;
import com.anthropic.models.messages.ToolUseBlock;
import io.spillway.domain.error.ErrorCode;
import io.spillway.gateway.ScriptedLine.Script;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The official client of the Messages API, which also validates what it gets. */
class MessagesClientTest {
    private static TestCluster cluster;
    private static AnthropicClient client;

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

    private static AnthropicClient client(final String key) {
        return AnthropicOkHttpClient.builder().baseUrl(cluster.uri("").toString()).apiKey(key).maxRetries(0).build();
    }

    private static MessageCreateParams.Builder ask() {
        return MessageCreateParams.builder().model("bytes").maxTokens(64).system("brief").addUserMessage("hi");
    }

    private static MessageCreateParams.Builder askWithTool() {
        return ask().addTool(Tool.builder().name("look").inputSchema(Tool.InputSchema.builder()
            .properties(JsonValue.from(Map.of("a", Map.of("type", "integer")))).build()).build());
    }

    private static Message accumulate(final MessageCreateParams params) {
        final MessageAccumulator whole = MessageAccumulator.create();
        try (StreamResponse<RawMessageStreamEvent> events = client.messages().createStreaming(params)) {
            events.stream().map(RawMessageStreamEvent::validate).forEach(whole::accumulate);
        }
        return whole.message().validate();
    }

    @Test
    void message() {
        cluster.line.play("hello");
        final Message message = client.messages().create(ask().build()).validate();
        assertThat(message.content().getFirst().asText().text()).isEqualTo("hello");
        assertThat(message.stopReason()).hasValue(StopReason.END_TURN);
        assertThat(message.usage().inputTokens() + message.usage().cacheReadInputTokens().orElseThrow())
            .isEqualTo("system:brief\nuser:hi\n".length());
    }

    @Test
    void stream() {
        cluster.line.play("aé€😀z");
        final Message message = accumulate(ask().build());
        assertThat(message.content().getFirst().asText().text()).isEqualTo("aé€😀z");
        assertThat(message.usage().outputTokens()).isEqualTo(11);
    }

    @Test
    void thinking() {
        cluster.line.play("<think>hm</think>yes");
        final MessageCreateParams params = ask().maxTokens(2048).enabledThinking(1024).build();
        cluster.view = TestCluster.view(1, 8192);
        for (final Message message : List.of(client.messages().create(params).validate(), accumulate(params))) {
            assertThat(message.content().getFirst().asThinking().thinking()).isEqualTo("hm");
            assertThat(message.content().getFirst().asThinking().signature()).isNotEmpty();
            assertThat(message.content().getLast().asText().text()).isEqualTo("yes");
            assertThat(message.usage().outputTokensDetails().orElseThrow().thinkingTokens()).isPositive();
        }
    }

    @Test
    void toolLoop() {
        cluster.line.play("Check.[[look|{\"a\": 1}]]");
        final Message first = client.messages().create(askWithTool().build()).validate();
        assertThat(first.stopReason()).hasValue(StopReason.TOOL_USE);
        final ToolUseBlock call = first.content().getLast().asToolUse();
        assertThat(call.name()).isEqualTo("look");
        assertThat(call._input()).isEqualTo(JsonValue.from(Map.of("a", 1)));

        cluster.line.play("done");
        final Message second = client.messages().create(askWithTool().addMessage(first).addUserMessageOfContentBlockParams(List.of(
            ContentBlockParam.ofToolResult(ToolResultBlockParam.builder().toolUseId(call.id()).content("42").build()))).build()).validate();
        assertThat(second.content().getFirst().asText().text()).isEqualTo("done");
        assertThat(second.stopReason()).hasValue(StopReason.END_TURN);
    }

    @Test
    void streamedToolCalls() {
        cluster.line.play("[[look|{\"a\": 1}]][[look|]]");
        final Message message = accumulate(askWithTool().build());
        assertThat(message.stopReason()).hasValue(StopReason.TOOL_USE);
        assertThat(message.content()).allMatch(ContentBlock::isToolUse);
        assertThat(message.content().getFirst().asToolUse()._input()).isEqualTo(JsonValue.from(Map.of("a", 1)));
    }

    @Test
    void tokensAreCounted() {
        assertThat(client.messages().countTokens(MessageCountTokensParams.builder().model("bytes").addUserMessage("hi").build()).validate()
            .inputTokens()).isEqualTo("user:hi\n".length());
    }

    @Test
    void cacheMarks() {
        cluster.line.play("x");
        final Message message = client.messages().create(MessageCreateParams.builder().model("bytes").maxTokens(9).addUserMessage("hi")
            .systemOfTextBlockParams(List.of(TextBlockParam.builder().text("s".repeat(100))
                .cacheControl(CacheControlEphemeral.builder().ttl(CacheControlEphemeral.Ttl.TTL_1H).build()).build())).build()).validate();
        assertThat(message.usage().cacheCreation().orElseThrow().ephemeral1hInputTokens()).isPositive();
        assertThat(message.usage().inputTokens()).isEqualTo("user:hi\n".length());
    }

    @Test
    void models() {
        assertThat(client.models().list().data()).extracting(model -> model.id()).containsExactly("bytes");
        assertThat(client.models().retrieve("bytes").validate().displayName()).isEqualTo("bytes");
    }

    @Test
    void errorsBecomeTheClientsOwnKinds() {
        assertThatThrownBy(() -> client.messages().create(ask().model("nope").build())).isInstanceOf(NotFoundException.class);
        assertThatThrownBy(() -> client.messages().create(ask().addUserMessage("x".repeat(10_000)).build()))
            .isInstanceOf(BadRequestException.class).hasMessageContaining("prompt is too long: ");
        final AnthropicClient stranger = client("wrong");
        try {
            assertThatThrownBy(() -> stranger.models().list()).isInstanceOf(UnauthorizedException.class);
        } finally {
            stranger.close();
        }
        cluster.line.script = request -> Script.of("").failing(ErrorCode.OVERLOADED);
        assertThatThrownBy(() -> client.messages().create(ask().build())).isInstanceOfSatisfying(AnthropicServiceException.class,
            overloaded -> assertThat(overloaded.statusCode()).isEqualTo(529));
        cluster.line.script = request -> Script.of("hel").failing(ErrorCode.NODE_LOST);
        assertThatThrownBy(() -> accumulate(ask().build())).isInstanceOf(AnthropicServiceException.class);
    }
}
