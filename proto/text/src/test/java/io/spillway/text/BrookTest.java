package io.spillway.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.spillway.text.stream.TextStream;
import io.spillway.text.tokenizer.Tokenizer;
import io.spillway.text.tools.ToolCallParser;
import io.spillway.text.tools.ToolDelta;
import io.spillway.text.tools.ToolFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The bundled model's text, from both of its formats, against golden ids. */
class BrookTest {
    private static final Path ROOT = Path.of(System.getProperty("spillway.root"), "deploy/local/models/brook");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static ModelText directory;
    private static ModelText gguf;

    @BeforeAll
    static void load() {
        directory = ModelText.load(ROOT.resolve("brook"));
        gguf = ModelText.load(ROOT.resolve("brook/brook-f16.gguf"));
    }

    @AfterAll
    static void close() {
        directory.close();
        gguf.close();
    }

    private static JsonNode prompts() throws IOException {
        return JSON.readTree(Files.readString(ROOT.resolve("golden/brook.json"))).get("prompts");
    }

    private static int[] ids(final JsonNode node) {
        return IntStream.range(0, node.size()).map(i -> node.get(i).asInt()).toArray();
    }

    @Test
    void idsAndTextsAreTheGoldenOnesInBothFormats() throws IOException {
        for (final JsonNode prompt : prompts()) {
            for (final ModelText model : List.of(directory, gguf)) {
                assertThat(model.encodePrompt(prompt.get("prompt").asText())).isEqualTo(ids(prompt.get("prompt_ids")));
                assertThat(model.tokenizer().decode(ids(prompt.get("prompt_ids")))).isEqualTo(prompt.get("prompt").asText());
                final TextStream stream = model.newTextStream(List.of());
                final StringBuilder text = new StringBuilder();
                for (final int id : ids(prompt.get("greedy_ids"))) {
                    text.append(stream.accept(id));
                }
                assertThat(text + stream.end()).isEqualTo(prompt.get("greedy_text").asText());
            }
        }
    }

    @Test
    void bothFormatsAgreeOnOddTexts() {
        for (final String odd : List.of("", " ", "\n\n \t x", "Grüße 👩‍👩‍👧 日本語", "a\0b", "12345 don't <|im_start|>x<|im_end|>", "<tool_call>{\"a\": 1}</tool_call>",
            "e\u0301 \u00e9", "<|reserved_3|>", "'S'LL  \r\n\r\n end   ")) {
            assertThat(gguf.encodePrompt(odd)).as(odd).isEqualTo(directory.encodePrompt(odd));
            assertThat(directory.tokenizer().decode(directory.encodePrompt(odd))).isEqualTo(odd);
        }
        assertThat(directory.encodePrompt("a\ud800b")).isEqualTo(directory.encodePrompt("a\ufffdb"));
    }

    @Test
    void settingsAgree() {
        for (final ModelText model : List.of(directory, gguf)) {
            assertThat(model.stopTokenIds()).containsExactly(2021, 2023);
            assertThat(model.contextTokens()).isEqualTo(32768);
            assertThat(model.toolFormat()).isEqualTo(ToolFormat.HERMES);
            assertThat(model.tokenizer().vocabularySize()).isEqualTo(2048);
            assertThat(model.tokenizer().isSpecial(2022)).isTrue();
            assertThat(model.tokenizer().isSpecial(2024)).isFalse();
            assertThat(model.tokenizer().idOf("<tool_call>")).hasValue(2024);
            assertThat(model.tokenizer().tokenBytes(2022)).asString().isEqualTo("<|im_start|>");
            assertThat(model.tokenizer().tokenBytes(5000)).isEmpty();
        }
    }

    @Test
    void nothingIsCutOff() throws IOException {
        final JsonNode prompt = prompts().get(0);
        final String text = prompt.get("prompt").asText();
        final int times = 110_000 / prompt.get("prompt_ids").size() + 1;
        assertThat(directory.encodePrompt(text.repeat(times))).hasSize(times * prompt.get("prompt_ids").size()).hasSizeGreaterThan(100_000);
    }

    /** What a model wrote, parsed, sent back by a client and rendered again, must give the tokens that are cached. */
    @Test
    void aHistoryRendersToTheTokensThatTheModelWrote() {
        final List<Map<String, Object>> messages = new ArrayList<>(List.of(
            Map.of("role", "system", "content", "Be brief."), Map.of("role", "user", "content", "Refund A-1!")));
        final List<Map<String, Object>> tools = List.of(Map.of("type", "function", "function", Map.of("name", "refund")));
        for (final String written : List.of(
            "Check: A-1 is ok.\n<tool_call>\n{\"name\": \"refund\", \"arguments\": {\"order_id\":\"A-1\",  \"amount\": 12.50}}\n</tool_call>",
            "<tool_call>\n{\"name\": \"refund\", \"arguments\": {}}\n</tool_call>\n<tool_call>\n{\"name\": \"b\", \"arguments\": {\"x\": [1, {\"y\": \"</é>\"}]}}\n</tool_call>",
            "Two lines\n\n<tool_call>\n{\"name\": \"refund\", \"arguments\": {\"a\": 1e3}}\n</tool_call>",
            "Plain.")) {
            final Tokenizer tokenizer = directory.tokenizer();
            final String prompt = directory.renderChat(messages, tools, Map.of());
            final int[] cached = directory.encodePrompt(prompt + written + "<|im_end|>\n");
            messages.add(asClientSends(written));
            final String next = directory.renderChat(messages, tools, Map.of("add_generation_prompt", false));
            assertThat(tokenizer.decode(directory.encodePrompt(next))).isEqualTo(prompt + written + "<|im_end|>\n");
            assertThat(directory.encodePrompt(next)).isEqualTo(cached);
            messages.add(Map.of("role", "user", "content", "next"));
        }
    }

    private static Map<String, Object> asClientSends(final String written) {
        final StringBuilder content = new StringBuilder();
        final List<Map<String, Object>> calls = new ArrayList<>();
        final ToolCallParser parser = ToolFormat.HERMES.newParser();
        final List<ToolDelta> deltas = new ArrayList<>();
        parser.accept(written, deltas::add);
        parser.end(deltas::add);
        for (final ToolDelta delta : deltas) {
            switch (delta) {
                case ToolDelta.Content text -> content.append(text.text());
                case ToolDelta.CallStart start -> calls.add(new LinkedHashMap<>(Map.of("name", start.name())));
                case ToolDelta.CallArguments arguments -> calls.get(arguments.index()).put("arguments", arguments.fragment());
            }
        }
        final Map<String, Object> message = new LinkedHashMap<>(Map.of("role", "assistant"));
        message.put("content", content.isEmpty() ? null : content.toString());
        if (!calls.isEmpty()) {
            message.put("tool_calls", calls.stream().map(call -> Map.of("id", "call_1", "type", "function", "function", call)).toList());
        }
        return message;
    }
}
