package io.spillway.coordinator.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.request.Pooling;
import io.spillway.domain.request.RunTerms;
import io.spillway.domain.request.SamplingParams;
import io.spillway.gateway.chat.ChatRequest;
import io.spillway.gateway.chat.EmbeddingRequest;
import io.spillway.gateway.chat.Prompt;
import io.spillway.grammar.GrammarSource;
import io.spillway.grammar.schema.Whitespace;
import io.spillway.wire.codec.RequestCodec;
import io.spillway.wire.v1.ChatMessage;
import io.spillway.wire.v1.EmbedRequest;
import io.spillway.wire.v1.OutputFormat;
import io.spillway.wire.v1.Tool;
import io.spillway.wire.v1.ToolCall;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SdkRequestsTest {
    private final SdkRequests requests = new SdkRequests();

    @Test
    void aConversationWithToolsTakesTheShapeOfTemplates() {
        final ChatRequest request = requests.toDomain(chat()
            .addMessages(ChatMessage.newBuilder().setRole("assistant").addToolCalls(
                ToolCall.newBuilder().setId("c1").setName("f").setArgumentsJson("{\"a\": 1}")))
            .addMessages(ChatMessage.newBuilder().setRole("tool").setToolCallId("c1").setContent("ok"))
            .addTools(Tool.newBuilder().setName("f").setDescription("d").setParametersJson("{\"type\": \"object\"}"))
            .addEmittedTokens(7).setRun("run-1").build(), new TenantId("t"));
        final Prompt.Messages prompt = (Prompt.Messages) request.prompts().getFirst();
        assertThat(prompt.messages()).hasSize(3);
        assertThat(prompt.messages().get(1)).containsEntry("tool_calls", List.of(
            Map.of("id", "c1", "type", "function", "function", Map.of("name", "f", "arguments", "{\"a\": 1}"))));
        assertThat(prompt.messages().get(2)).containsEntry("tool_call_id", "c1");
        assertThat(prompt.tools()).containsExactly(Map.of("type", "function",
            "function", Map.of("name", "f", "description", "d", "parameters", Map.of("type", "object"))));
        assertThat(request.options().emittedTokens()).containsExactly(7);
        assertThat(request.seed()).hasValue(3);
        assertThat(request.run().orElseThrow().value()).isEqualTo("run-1");
        assertThat(request.outputTokensMax()).isEmpty();
    }

    @Test
    void badInputNamesItsField() {
        assertThatThrownBy(() -> requests.toDomain(chat().clearMessages().build(), new TenantId("t")))
            .isInstanceOfSatisfying(SpillwayException.class, e -> assertThat(e.field()).contains("messages"));
        assertThatThrownBy(() -> requests.toDomain(chat().addTools(Tool.newBuilder().setName("f").setParametersJson("{")).build(),
            new TenantId("t"))).isInstanceOfSatisfying(SpillwayException.class, e -> {
                assertThat(e.code()).isEqualTo(ErrorCode.INVALID_JSON);
                assertThat(e.field()).contains("tools[0].parameters_json");
            });
        assertThatThrownBy(() -> requests.toDomain(chat().setOutputTokensMax(-1).build(), new TenantId("t")))
            .isInstanceOfSatisfying(SpillwayException.class, e -> assertThat(e.field()).contains("output_tokens_max"));
    }

    @Test
    void wishesAboutToolsAndFormAreHeeded() {
        final Tool tool = Tool.newBuilder().setName("f").setParametersJson("{\"type\": \"object\"}").setStrict(true).build();
        final ChatRequest named = domain(chat().addTools(tool).setToolChoice("tool:f"));
        assertThat(named.options().demand()).contains("f");
        assertThat(named.options().toolCalls()).isEqualTo(ChatRequest.ToolCalls.ONE);
        assertThat(named.options().shape().strictTools()).containsExactly("f");
        assertThat(domain(chat().addTools(tool).setToolChoice("required")).options().demand()).contains("");
        assertThat(domain(chat().addTools(tool).setSingleCall(true)).options().toolCalls()).isEqualTo(ChatRequest.ToolCalls.ONE);
        final ChatRequest none = domain(chat().addTools(tool).setToolChoice("none"));
        assertThat(none.options().toolCalls()).isEqualTo(ChatRequest.ToolCalls.NONE);
        assertThat(((Prompt.Messages) none.prompts().getFirst()).tools()).isEmpty();
        assertThat(domain(chat().setFormat(OutputFormat.newBuilder().setJsonSchema("{}").setStrict(true))).options().shape().format())
            .contains(new GrammarSource.JsonSchema("{}", true, Whitespace.FLEXIBLE));
        assertThat(domain(chat().setFormat(OutputFormat.newBuilder().setRegex("a+"))).options().shape().format())
            .contains(new GrammarSource.Regex("a+"));
        for (final String wrong : List.of("required", "tool:g", "often")) {
            assertThatThrownBy(() -> domain(chat().setToolChoice(wrong))).as(wrong)
                .isInstanceOfSatisfying(SpillwayException.class, e -> assertThat(e.field()).contains("tool_choice"));
        }
    }

    @Test
    void theTermsOfARunAreTaken() {
        assertThat(domain(chat()).options().context().terms()).isEqualTo(RunTerms.NONE);
        assertThat(domain(chat().setRunBudgetNanoDollars(5).setRunStepsMax(6).setRunGapMillis(0)).options().context().terms())
            .isEqualTo(new RunTerms(5, 6, 0));
        assertThatThrownBy(() -> domain(chat().setRunGapMillis(-2)))
            .isInstanceOfSatisfying(SpillwayException.class, e -> assertThat(e.field()).contains("run_gap_millis"));
        assertThatThrownBy(() -> domain(chat().setRunStepsMax(-1)))
            .isInstanceOfSatisfying(SpillwayException.class, e -> assertThat(e.field()).contains("run_steps_max"));
    }

    private ChatRequest domain(final io.spillway.wire.v1.ChatRequest.Builder request) {
        return requests.toDomain(request.build(), new TenantId("t"));
    }

    @Test
    void textsToEmbedBecomePrompts() {
        final EmbeddingRequest request = requests.toDomain(EmbedRequest.newBuilder().setRequestId("e").setModel("m")
            .addInputs("a").addInputs("b").setPooling(2).setPriority(-4).setRun("run-1").build(), new TenantId("t"));
        assertThat(request.inputs()).containsExactly(new Prompt.Text("a"), new Prompt.Text("b"));
        assertThat(request.pooling()).isEqualTo(Pooling.MEAN);
        assertThat(request.priority()).isEqualTo(-4);
        assertThatThrownBy(() -> requests.toDomain(EmbedRequest.getDefaultInstance(), new TenantId("t")))
            .isInstanceOfSatisfying(SpillwayException.class, e -> assertThat(e.field()).contains("inputs"));
        assertThat(requests.toDomain(chat().setPriority(7).build(), new TenantId("t")).options().priority()).isEqualTo(7);
    }

    private static io.spillway.wire.v1.ChatRequest.Builder chat() {
        return io.spillway.wire.v1.ChatRequest.newBuilder().setRequestId("r").setModel("m")
            .setSampling(RequestCodec.toWire(SamplingParams.GREEDY.withSeed(3)))
            .addMessages(ChatMessage.newBuilder().setRole("user").setContent("hi"));
    }
}
