package io.spillway.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.gateway.chat.ChatOutput;
import io.spillway.gateway.chat.ChatOutput.Piece;
import io.spillway.gateway.chat.Prompt;
import io.spillway.gateway.chat.TextChatModel;
import io.spillway.text.ModelText;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The gateway's words on a real model's files. */
class TextChatModelTest {
    private static final List<Map<String, Object>> TOOLS = List.of(Map.of("type", "function", "function",
        Map.of("name", "get_order_status")));
    private static ModelText text;
    private static TextChatModel model;

    @BeforeAll
    static void load() {
        text = ModelText.load(Path.of(System.getProperty("spillway.root"), "deploy/local/models/brook/brook"));
        model = new TextChatModel(text);
    }

    private static Prompt.Messages chat(final List<Map<String, Object>> messages) {
        return new Prompt.Messages(messages, TOOLS, Map.of());
    }

    private static List<Piece> read(final int[] tokens, final List<String> stops) {
        final List<Piece> pieces = new ArrayList<>();
        final ChatOutput output = model.newOutput(stops, true);
        for (final int token : tokens) {
            output.accept(token, pieces::add);
        }
        output.end(pieces::add);
        return pieces;
    }

    private static String words(final List<Piece> pieces) {
        final StringBuilder words = new StringBuilder();
        for (final Piece piece : pieces) {
            words.append(switch (piece) {
                case Piece.Text content -> content.text();
                case Piece.Reasoning thought -> "(" + thought.text() + ")";
                case Piece.CallStart start -> "<" + start.index() + " " + start.name() + ">";
                case Piece.CallArguments more -> more.fragment();
            });
        }
        return words.toString();
    }

    private static int[] tokens(final String words) {
        return text.tokenizer().encode(words, false);
    }

    @Test
    void aConversationBecomesThePromptOfTheTemplate() {
        final String prompt = text.tokenizer().decode(model.encode(chat(List.of(Map.of("role", "user", "content", "Hé!")))));
        assertThat(prompt).startsWith("<|im_start|>system\n").contains("get_order_status")
            .endsWith("<|im_start|>user\nHé!<|im_end|>\n<|im_start|>assistant\n");
    }

    @Test
    void outputBecomesContentAndCalls() {
        final String written = "Check: yes.\n<tool_call>\n{\"name\": \"get_order_status\", \"arguments\": {\"order_id\": \"A-1\"}}\n</tool_call>";
        assertThat(words(read(tokens(written), List.of()))).isEqualTo("Check: yes.<0 get_order_status>{\"order_id\": \"A-1\"}");
        assertThat(words(read(tokens("one STOP two"), List.of("STOP")))).isEqualTo("one ");
        assertThat(words(read(tokens("<tool_call>\nnonsense"), List.of()))).contains("nonsense");
    }

    @Test
    void aCallIsToldTokenByTokenAndKeepsWhatALimitLeftOfIt() {
        final String cut = "<tool_call>\n{\"name\": \"get_order_status\", \"arguments\": {\"order_id\": \"A-1234567\", \"why\": \"the cus";
        final List<Piece> pieces = read(tokens(cut), List.of());
        assertThat(words(pieces)).isEqualTo("<0 get_order_status>{\"order_id\": \"A-1234567\", \"why\": \"the cus");
        assertThat(pieces.stream().filter(Piece.CallArguments.class::isInstance)).hasSizeGreaterThan(10);
    }

    @Test
    void aDemandedCallIsReadFromItsOpeningOn() {
        final int[] opening = model.callOpening("get_order_status").orElseThrow();
        final int[] rest = tokens(" {\"order_id\": \"A-1\"}}\n</tool_call>");
        final int[] all = Arrays.copyOf(opening, opening.length + rest.length);
        System.arraycopy(rest, 0, all, opening.length, rest.length);
        assertThat(words(read(all, List.of()))).isEqualTo("<0 get_order_status>{\"order_id\": \"A-1\"}");
        final int[] whole = tokens("<tool_call>\n{\"name\": \"get_order_status\", \"arguments\": {\"order_id\": \"A-1\"}}\n</tool_call>");
        assertThat(all).as("the cut falls between two of the model's own tokens").containsExactly(whole);
        final int[] any = model.callOpening("").orElseThrow();
        assertThat(Arrays.copyOf(whole, any.length)).containsExactly(any);
    }

    @Test
    void theNextPromptBeginsWithThisPromptAndThisOutput() {
        final String arguments = "{\"order_id\":  \"A-1\"}";
        final int[] prompt = model.encode(chat(List.of(Map.of("role", "user", "content", "Where is A-1?"))));
        final int[] output = tokens("Check: yes.\n<tool_call>\n{\"name\": \"get_order_status\", \"arguments\": " + arguments
            + "}\n</tool_call>");
        final int[] next = model.encode(chat(List.of(Map.of("role", "user", "content", "Where is A-1?"),
            Map.of("role", "assistant", "content", "Check: yes.", "tool_calls", List.of(Map.of("id", "c", "type", "function",
                "function", Map.of("name", "get_order_status", "arguments", arguments)))),
            Map.of("role", "tool", "tool_call_id", "c", "content", "{}"))));
        assertThat(Arrays.copyOf(next, prompt.length)).containsExactly(prompt);
        assertThat(Arrays.copyOfRange(next, prompt.length, prompt.length + output.length)).containsExactly(output);
    }

    @Test
    void thoughtsAreToldApartWhereTheTemplateMarksThem(@TempDir final Path folder) throws IOException {
        final Path brook = Path.of(System.getProperty("spillway.root"), "deploy/local/models/brook/brook");
        Files.copy(brook.resolve("tokenizer.json"), folder.resolve("tokenizer.json"));
        Files.copy(brook.resolve("config.json"), folder.resolve("config.json"));
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"chat_template\": \"{{ messages[0].content }}"
            + "{%- if open %}<think>\\n{%- endif %}{# </think> <tool_call> #}\"}");
        try (ModelText thinking = ModelText.load(folder)) {
            final TextChatModel thinker = new TextChatModel(thinking);
            final int[] output = tokens("<think>\nWhy? <tool_call>no</tool_call>\n</think>\n\nBecause. STOP");
            assertThat(read(thinker.newAnswer(tokens("Hi"), List.of(" STOP"), true), output))
                .isEqualTo("(Why? <tool_call>no</tool_call>)Because.");
            final int[] prompt = thinker.encode(new Prompt.Messages(
                List.of(Map.of("role", "user", "content", "Hi")), List.of(), Map.of("open", true)));
            assertThat(read(thinker.newAnswer(prompt, List.of(), false), tokens("Why?\n</think>Because."))).isEqualTo("(Why?)Because.");
            assertThat(read(thinker.newOutput(List.of(), false), tokens("<think>a</think>b"))).isEqualTo("<think>a</think>b");
        }
    }

    private static String read(final ChatOutput output, final int[] tokens) {
        final List<Piece> pieces = new ArrayList<>();
        for (final int token : tokens) {
            output.accept(token, pieces::add);
        }
        output.end(pieces::add);
        return words(pieces).replace(")(", "");
    }

    @Test
    void anAnswerThatWasBegunIsContinued() {
        final Map<String, Object> question = Map.of("role", "user", "content", "Hi");
        final int[] open = model.encode(new Prompt.Messages(List.of(question, Map.of("role", "assistant", "content", "The answer is")),
            TOOLS, Map.of(Prompt.Messages.CONTINUE_FINAL, true)));
        final String before = text.tokenizer().decode(model.encode(chat(List.of(question))));
        assertThat(text.tokenizer().decode(open)).isEqualTo(before + "The answer is");
        final int[] parts = model.encode(new Prompt.Messages(List.of(question, Map.of("role", "assistant", "content",
            List.of(Map.of("type", "text", "text", "The "), Map.of("type", "text", "text", "answer is")))), TOOLS,
            Map.of(Prompt.Messages.CONTINUE_FINAL, true)));
        assertThat(parts).containsExactly(open);
    }

    @Test
    void stopTokensEndATurn() {
        assertThat(Arrays.stream(model.stopTokens()).mapToObj(token -> text.tokenizer().decode(new int[] {token})))
            .contains("<|im_end|>");
        assertThat(model.vocabularySize()).isEqualTo(2048);
    }
}
