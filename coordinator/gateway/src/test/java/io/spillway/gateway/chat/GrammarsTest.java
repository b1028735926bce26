package io.spillway.gateway.chat;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.RequestId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.request.OutputGrammar;
import io.spillway.domain.request.SamplingParams;
import io.spillway.gateway.chat.ChatModel.Thought;
import io.spillway.gateway.chat.ChatRequest.ToolCalls;
import io.spillway.grammar.GrammarSource;
import io.spillway.grammar.schema.Whitespace;
import io.spillway.text.ModelText;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What is asked of tools and formats, as a grammar for a model whose calls are known. */
class GrammarsTest {
    private static final Prompt.Messages PROMPT = new Prompt.Messages(List.of(Map.of("role", "user", "content", "hi")),
        List.of(tool("look"), tool("other")), Map.of());
    private static ChatModel model;

    @BeforeAll
    static void load() {
        model = new TextChatModel(ModelText.load(Path.of(System.getProperty("spillway.root"), "deploy/local/models/brook/brook")));
    }

    private static Map<String, Object> tool(final String name) {
        return Map.of("type", "function", "function", Map.of("name", name));
    }

    private static Optional<String> grammar(
        final ToolCalls calls, final Optional<String> demand, final OutputShape shape, final Thought thought) {
        final ChatRequest request = new ChatRequest(new RequestId("r"), new TenantId("t"), Optional.empty(), new ModelId("m"), List.of(PROMPT),
            OptionalInt.empty(), OptionalLong.empty(), AskedSampling.of(SamplingParams.GREEDY),
            new ChatRequest.Options(1, List.of(), calls, demand, new int[0], shape));
        return new Grammars().of(request, PROMPT, model, thought).map(OutputGrammar::text);
    }

    @Test
    void freeCallsOfLooseToolsNeedNone() {
        assertThat(grammar(ToolCalls.MANY, Optional.empty(), OutputShape.FREE, Thought.NONE)).isEmpty();
        assertThat(grammar(ToolCalls.MANY, Optional.empty(), OutputShape.FREE, Thought.OPEN)).isEmpty();
    }

    @Test
    void onlyAllowedToolsCanBeCalled() {
        final OutputShape only = new OutputShape(Optional.empty(), Set.of(), Set.of("look"));
        assertThat(grammar(ToolCalls.MANY, Optional.empty(), only, Thought.NONE)).get().asString().contains("triggered", "look").doesNotContain("other");
        assertThat(grammar(ToolCalls.MANY, Optional.of(""), only, Thought.NONE)).get().asString().contains("look").doesNotContain("other", "triggered");
        assertThat(grammar(ToolCalls.MANY, Optional.of(""), OutputShape.FREE, Thought.NONE)).get().asString().contains("look", "other");
    }

    @Test
    void whereNoneMayBeCalledTheMarkerCannotBeWritten() {
        assertThat(grammar(ToolCalls.NONE, Optional.empty(), OutputShape.FREE, Thought.NONE))
            .hasValue("{\"kind\":\"without\",\"text\":\"<tool_call>\"}");
    }

    @Test
    void aFormatHoldsBehindTheThoughtAndBesideCalls() {
        final OutputShape json = new OutputShape(Optional.of(new GrammarSource.JsonObject(Whitespace.FLEXIBLE)), Set.of());
        assertThat(grammar(ToolCalls.NONE, Optional.empty(), json, Thought.NONE)).get().asString().startsWith("{\"kind\":\"json_object\"");
        assertThat(grammar(ToolCalls.NONE, Optional.empty(), json, Thought.OPEN)).get().asString().startsWith("{\"kind\":\"until\"")
            .contains("json_object");
        assertThat(grammar(ToolCalls.MANY, Optional.empty(), json, Thought.POSSIBLE)).get().asString().contains("json_object", "look", "until");
    }
}
