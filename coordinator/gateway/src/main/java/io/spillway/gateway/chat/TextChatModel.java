package io.spillway.gateway.chat;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.request.GenerationDefaults;
import io.spillway.gateway.prefix.PromptText;
import io.spillway.grammar.ToolCallGrammar;
import io.spillway.text.ModelText;
import io.spillway.text.reasoning.ReasoningFormat;
import io.spillway.text.reasoning.ReasoningSplitter;
import io.spillway.text.stream.TextStream;
import io.spillway.text.tools.ToolCallParser;
import io.spillway.text.tools.ToolDelta;
import io.spillway.text.tools.ToolFormat;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/** A model's text side on its own files: tokenizer, chat template, tool-call format. Any thread. */
public final class TextChatModel implements ChatModel {
    /** Enough for the tag that opens a thought and the white space behind it, however they are cut into tokens. */
    private static final int PROMPT_END_TOKENS = 16;
    private final ModelText text;
    private final List<PromptText.Marker> markers;
    private final GenerationDefaults defaults;

    /** With the defaults of the model's files. */
    public TextChatModel(final ModelText text) {
        this(text, GenerationDefaults.NONE);
    }

    /** @param configured what the operator says, before the model's files */
    public TextChatModel(final ModelText text, final GenerationDefaults configured) {
        this.defaults = configured.or(text.defaults());
        this.text = requireNonNull(text, "text");
        this.markers = text.cuts().stream().map(cut -> new PromptText.Marker(cut.text(), cut.token())).toList();
    }

    @Override
    public int[] encode(final Prompt prompt) {
        return switch (prompt) {
            case Prompt.Messages chat -> text.encodePrompt(render(chat));
            case Prompt.Text plain -> text.encodeText(plain.text());
            case Prompt.Gap gap -> text.encodeGap(gap.before(), gap.behind()).orElseThrow(Prompt.Gap::refusal);
            case Prompt.Tokens tokens -> tokens.tokens();
        };
    }

    /** An open message stands behind what the template writes before an answer, as if the model had begun with it. */
    private String render(final Prompt.Messages chat) {
        if (chat.open().isEmpty()) {
            return text.renderChat(chat.messages(), chat.tools(), chat.extra());
        }
        final List<Map<String, Object>> before = chat.messages().subList(0, chat.messages().size() - 1);
        return text.renderChat(before, chat.tools(), chat.extra()) + words(chat.messages().getLast().get("content"));
    }

    private static String words(final Object content) {
        if (content instanceof List<?> parts) {
            final StringBuilder words = new StringBuilder();
            parts.forEach(part -> words.append(part instanceof Map<?, ?> map && map.get("text") instanceof String text ? text : ""));
            return words.toString();
        }
        return content instanceof String words ? words : "";
    }

    @Override
    public Optional<PromptText> text(final Prompt prompt) {
        return prompt instanceof Prompt.Messages chat
            ? Optional.of(new PromptText(render(chat), text::encodePrompt, markers))
            : Optional.empty();
    }

    @Override
    public int[] encodeContinuation(final String continuation) {
        return text.tokenizer().encode(continuation, false);
    }

    @Override
    public Thought thought(final int[] prompt) {
        final ReasoningFormat format = text.reasoningFormat();
        if (format == ReasoningFormat.NONE) {
            return Thought.NONE;
        }
        final String end = end(prompt);
        return format.leftOpen(end) ? Thought.OPEN : format.leftClosed(end) ? Thought.NONE : Thought.POSSIBLE;
    }

    @Override
    public int[] stopTokens() {
        return text.stopTokenIds();
    }

    @Override
    public int[] gapStopTokens() {
        return text.fillInMiddle().stream().flatMap(fill -> fill.ends().stream()).mapToInt(Integer::intValue).toArray();
    }

    @Override
    public GenerationDefaults defaults() {
        return defaults;
    }

    @Override
    public int vocabularySize() {
        return text.tokenizer().vocabularySize();
    }

    @Override
    public byte[] tokenBytes(final int token) {
        return text.tokenizer().tokenBytes(token);
    }

    @Override
    public Optional<ToolCallGrammar.Syntax> callSyntax() {
        return switch (text.toolFormat()) {
            case HERMES -> Optional.of(ToolCallGrammar.Syntax.HERMES);
            case LLAMA -> Optional.of(ToolCallGrammar.Syntax.LLAMA);
            case MISTRAL -> Optional.of(ToolCallGrammar.Syntax.MISTRAL);
            case NONE -> Optional.empty();
        };
    }

    /** Ends where the model itself would end a token, so that it goes on as it would have from its own words. */
    @Override
    public Optional<int[]> callOpening(final String function) {
        return opening(text.toolFormat(), function).map(words -> text.tokenizer().encode(words, false));
    }

    private static Optional<String> opening(final ToolFormat format, final String function) {
        final String arguments = format == ToolFormat.LLAMA ? "parameters" : "arguments";
        final String call = function.isEmpty() ? "{\"name\": \"" : "{\"name\": \"" + function + "\", \"" + arguments + "\":";
        return switch (format) {
            case HERMES -> Optional.of("<tool_call>\n" + call);
            case LLAMA -> Optional.of(call);
            case MISTRAL -> Optional.of("[TOOL_CALLS] [" + call);
            case NONE -> Optional.empty();
        };
    }

    @Override
    public ChatOutput newOutput(final List<String> stops, final boolean toolCalls) {
        return new Output(text.newTextStream(stops, toolCalls, false), parser(toolCalls));
    }

    private ToolCallParser parser(final boolean toolCalls) {
        return (toolCalls ? text.toolFormat() : ToolFormat.NONE).newParser();
    }

    @Override
    public ChatOutput newAnswer(final int[] prompt, final List<String> stops, final boolean toolCalls) {
        if (text.reasoningFormat() == ReasoningFormat.NONE) {
            return newOutput(stops, toolCalls);
        }
        final boolean open = text.reasoningFormat().leftOpen(end(prompt));
        return new ThinkingOutput(text.newTextStream(stops, toolCalls, true), new ReasoningSplitter(open), parser(toolCalls));
    }

    private String end(final int[] prompt) {
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int i = Math.max(0, prompt.length - PROMPT_END_TOKENS); i < prompt.length; i++) {
            bytes.writeBytes(text.tokenizer().tokenBytes(prompt[i]));
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    /** One output: tokens to text, text to content and calls. */
    private static final class Output implements ChatOutput {
        private final TextStream stream;
        private final ToolCallParser parser;

        Output(final TextStream stream, final ToolCallParser parser) {
            this.stream = stream;
            this.parser = parser;
        }

        @Override
        public void accept(final int token, final Consumer<Piece> pieces) {
            parser.accept(stream.accept(token), delta -> tell(delta, pieces));
        }

        @Override
        public void end(final Consumer<Piece> pieces) {
            parser.accept(stream.end(), delta -> tell(delta, pieces));
            parser.end(delta -> tell(delta, pieces));
        }

        @Override
        public boolean stopped() {
            return stream.stopped();
        }

        @Override
        public Optional<String> stop() {
            return stream.stopped() ? Optional.of(stream.stop()) : Optional.empty();
        }

        static void tell(final ToolDelta delta, final Consumer<Piece> pieces) {
            pieces.accept(switch (delta) {
                case ToolDelta.Content content -> new Piece.Text(content.text());
                case ToolDelta.CallStart start -> new Piece.CallStart(start.index(), start.name());
                case ToolDelta.CallArguments more -> new Piece.CallArguments(more.index(), more.fragment());
            });
        }
    }

    /** One output of a model that thinks: tokens to text, text to thought and answer, the answer to content and calls. */
    private static final class ThinkingOutput implements ChatOutput {
        private final TextStream stream;
        private final ReasoningSplitter splitter;
        private final ToolCallParser parser;

        ThinkingOutput(final TextStream stream, final ReasoningSplitter splitter, final ToolCallParser parser) {
            this.stream = stream;
            this.splitter = splitter;
            this.parser = parser;
        }

        @Override
        public void accept(final int token, final Consumer<Piece> pieces) {
            take(stream.accept(token), pieces);
        }

        private void take(final String words, final Consumer<Piece> pieces) {
            splitter.accept(words, thought -> pieces.accept(new Piece.Reasoning(thought)), answer -> answer(answer, pieces));
        }

        private void answer(final String answer, final Consumer<Piece> pieces) {
            parser.accept(answer, delta -> Output.tell(delta, pieces));
        }

        @Override
        public void end(final Consumer<Piece> pieces) {
            take(stream.end(), pieces);
            splitter.end(thought -> pieces.accept(new Piece.Reasoning(thought)), answer -> answer(answer, pieces));
            parser.end(delta -> Output.tell(delta, pieces));
        }

        @Override
        public boolean stopped() {
            return stream.stopped();
        }

        @Override
        public Optional<String> stop() {
            return stream.stopped() ? Optional.of(stream.stop()) : Optional.empty();
        }

        @Override
        public boolean thinking() {
            return splitter.thinking();
        }
    }
}
