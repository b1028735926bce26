package io.spillway.systemtest.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.anthropic.client.AnthropicClient;
import com.anthropic.client.okhttp.AnthropicOkHttpClient;
import com.anthropic.core.JsonValue;
import com.anthropic.core.http.StreamResponse;
import com.anthropic.errors.BadRequestException;
import com.anthropic.helpers.MessageAccumulator;
import com.anthropic.models.messages.ContentBlock;
import com.anthropic.models.messages.ContentBlockParam;
import com.anthropic.models.messages.Message;
import com.anthropic.models.messages.MessageCountTokensParams;
import com.anthropic.models.messages.MessageCreateParams;
import com.anthropic.models.messages.RawMessageStreamEvent;
import com.anthropic.models.messages.StopReason;
import com.anthropic.models.messages.Tool;
import com.anthropic.models.messages.ToolChoiceNone;
import com.anthropic.models.messages.ToolChoiceTool;
import com.anthropic.models.messages.ToolResultBlockParam;
import com.anthropic.models.messages.ToolUseBlock;
import io.spillway.bench.cluster.ClusterQuestions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Anthropic's Java client, unmodified, which also validates what it gets. */
@ExtendWith(ClientCluster.class)
class JavaMessagesTest {
    private static final String NAME = "anthropic-java";
    private static final String ORDER = "{\"order_id\": \"ORD-34200\", \"item\": \"Arza puzzle\", \"status\": \"shipped\"}";

    @Test
    void conversation(final ClientCluster.Running cluster) {
        final AnthropicClient client = AnthropicOkHttpClient.builder().baseUrl(cluster.root(NAME)).apiKey(cluster.apiKey())
            .maxRetries(0).timeout(Duration.ofMinutes(3)).build();
        final MessageCreateParams params = ask("How tall is the Ganki blanket?").maxTokens(60).build();
        final Message whole = client.messages().create(params).validate();
        assertThat(text(whole)).contains("91");
        assertThat(whole.stopReason()).hasValue(StopReason.END_TURN);
        final Message streamed = streamed(client, params);
        assertThat(text(streamed)).isEqualTo(text(whole));
        assertThat(streamed.usage().cacheReadInputTokens().orElseThrow()).isPositive();
        final long counted = client.messages().countTokens(MessageCountTokensParams.builder().model("brook")
            .system(ClusterQuestions.SYSTEM).addUserMessage("How tall is the Ganki blanket?").build()).validate().inputTokens();
        assertThat(counted).isEqualTo(whole.usage().inputTokens() + whole.usage().cacheReadInputTokens().orElse(0L)
            + whole.usage().cacheCreationInputTokens().orElse(0L));
        tools(client);
        assertThatExceptionOfType(BadRequestException.class)
            .isThrownBy(() -> client.messages().create(params.toBuilder().putAdditionalBodyProperty("temperature", JsonValue.from(9)).build()));
        client.close();
        cluster.checkWire(NAME);
    }

    private static MessageCreateParams.Builder ask(final String question) {
        return MessageCreateParams.builder().model("brook").system(ClusterQuestions.SYSTEM).addUserMessage(question)
            .putAdditionalBodyProperty("temperature", JsonValue.from(0));
    }

    private static String text(final Message message) {
        return message.content().stream().filter(ContentBlock::isText).map(block -> block.asText().text()).reduce("", String::concat);
    }

    private static Message streamed(final AnthropicClient client, final MessageCreateParams params) {
        final MessageAccumulator sum = MessageAccumulator.create();
        try (StreamResponse<RawMessageStreamEvent> events = client.messages().createStreaming(params)) {
            events.stream().map(RawMessageStreamEvent::validate).forEach(sum::accumulate);
        }
        return sum.message().validate();
    }

    private static void tools(final AnthropicClient client) {
        final MessageCreateParams first = ask("Where is my order ORD-34200?").maxTokens(120)
            .addTool(Tool.builder().name("get_order_status").description("Look up an order.").inputSchema(Tool.InputSchema.builder()
                .properties(JsonValue.from(Map.of("order_id", Map.of("type", "string")))).addRequired("order_id").build()).build())
            .toolChoice(ToolChoiceTool.builder().name("get_order_status").build()).build();
        final Message asked = streamed(client, first);
        assertThat(asked.stopReason()).hasValue(StopReason.TOOL_USE);
        final ToolUseBlock call = asked.content().stream().filter(ContentBlock::isToolUse).findFirst().orElseThrow().asToolUse();
        assertThat(call.name()).isEqualTo("get_order_status");
        final Message answer = client.messages().create(first.toBuilder().toolChoice(ToolChoiceNone.builder().build()).addMessage(asked)
            .addUserMessageOfContentBlockParams(List.of(ContentBlockParam.ofToolResult(
                ToolResultBlockParam.builder().toolUseId(call.id()).content(ORDER).build()))).build());
        assertThat(text(answer)).contains("Arza puzzle");
    }
}
