package io.spillway.text;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.request.GenerationDefaults;
import io.spillway.domain.time.EpochClock;
import io.spillway.modelfile.GgufFile;
import io.spillway.text.reasoning.ReasoningFormat;
import io.spillway.text.stream.TextStream;
import io.spillway.text.template.Template;
import io.spillway.text.tokenizer.SafeCuts;
import io.spillway.text.tokenizer.Tokenizer;
import io.spillway.text.tokenizer.Tokenizers;
import io.spillway.text.tools.ToolFormat;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The text side of one model: conversations to tokens, tokens to text and tool calls. Immutable; any thread. What it hands out is owned
 * as its type says.
 */
public final class ModelText implements AutoCloseable {
    private final Tokenizer tokenizer;
    private final TextSettings settings;
    private final ChatTemplate chat;
    private final ChatTemplate chatWithTools;
    private final SpillwayException broken;
    private final BitSet markers = new BitSet();
    private final BitSet thoughtMarkers = new BitSet();
    private final List<SafeCuts.Cut> cuts;

    private ModelText(final Tokenizer tokenizer, final TextSettings settings, final EpochClock clock) {
        this.tokenizer = tokenizer;
        this.settings = settings;
        ChatTemplate plain = null;
        ChatTemplate tools = null;
        SpillwayException failure = null;
        try {
            plain = settings.chatTemplate().map(source -> ChatTemplate.of(source, clock)).orElse(null);
            tools = settings.toolTemplate().map(source -> ChatTemplate.of(source, clock)).orElse(plain);
        } catch (final SpillwayException e) {
            // The model can still continue plain text; whoever sends a conversation is told why it cannot chat.
            failure = e;
        }
        this.chat = plain;
        this.chatWithTools = tools;
        this.broken = failure;
        toolFormat().markers().forEach(marker -> tokenizer.idOf(marker).ifPresent(markers::set));
        reasoningFormat().markers().forEach(marker -> tokenizer.idOf(marker).ifPresent(thoughtMarkers::set));
        this.cuts = SafeCuts.of(tokenizer);
    }

    /** As {@link #load(Path, EpochClock)} with the machine's clock, which only templates that print the date read. */
    public static ModelText load(final Path modelPath) {
        return load(modelPath, EpochClock.SYSTEM);
    }

    /**
     * @param modelPath a GGUF file, or a Hugging Face directory (or one with a single GGUF file in it)
     * @throws SpillwayException {@code INVALID_MODEL_FILE} when something needed is missing or broken; a chat template that cannot be
     *                           compiled is reported by {@link #renderChat} instead
     */
    public static ModelText load(final Path modelPath, final EpochClock clock) {
        final Path directory = modelPath.getFileName() != null && modelPath.getFileName().toString().endsWith(".safetensors")
            ? modelPath.toAbsolutePath().getParent() : modelPath;
        final Path tokenizerFile = directory.resolve("tokenizer.json");
        if (Files.isRegularFile(tokenizerFile)) {
            final Tokenizer tokenizer = Tokenizers.ofHuggingFace(tokenizerFile);
            return new ModelText(tokenizer, HuggingFaceSettings.read(directory, tokenizer), clock);
        }
        final Path gguf = Files.isDirectory(directory) ? onlyGguf(directory) : directory;
        try (GgufFile file = GgufFile.open(gguf)) {
            final Tokenizer tokenizer = Tokenizers.ofGguf(file, gguf);
            return new ModelText(tokenizer, GgufSettings.read(file, tokenizer), clock);
        }
    }

    private static Path onlyGguf(final Path directory) {
        try (var entries = Files.list(directory)) {
            final List<Path> found = entries.filter(entry -> entry.toString().endsWith(".gguf")).toList();
            if (found.size() == 1) {
                return found.getFirst();
            }
            throw new SpillwayException(ErrorCode.INVALID_MODEL_FILE,
                directory + " holds no tokenizer.json and " + found.size() + " GGUF files; name one file");
        } catch (final java.io.IOException e) {
            throw new SpillwayException(ErrorCode.INVALID_MODEL_FILE, "cannot read " + directory + ": " + e.getMessage(), e);
        }
    }

    public Tokenizer tokenizer() {
        return tokenizer;
    }

    /** @return the chat template; empty when the model has none, or one that cannot be compiled */
    public Optional<Template> template() {
        return Optional.ofNullable(chat).map(ChatTemplate::template);
    }

    /**
     * @param messages as OpenAI's: role, content (text, parts or null), tool_calls (arguments as JSON text), tool_call_id
     * @param tools    as OpenAI's; empty = none
     * @param extra    further names for the template, for instance {@code enable_thinking}; {@code add_generation_prompt} is true unless
     *                 it stands here
     * @return the prompt's text; {@link #encodePrompt} makes tokens of it
     * @throws SpillwayException {@code UNSUPPORTED}: no chat template, or a part that is no text; {@code TEMPLATE_FAILED}: the template is
     *                           broken or refuses the conversation
     */
    public String renderChat(
        final List<Map<String, Object>> messages, final List<Map<String, Object>> tools, final Map<String, Object> extra) {
        if (broken != null) {
            throw new SpillwayException(broken.code(), broken.getMessage(), broken);
        }
        final ChatTemplate template = tools.isEmpty() ? chat : chatWithTools;
        if (template == null) {
            throw new SpillwayException(ErrorCode.UNSUPPORTED, "the model has no chat template; send a plain prompt to /v1/completions");
        }
        final Map<String, Object> variables = new LinkedHashMap<>(settings.specialTokens());
        variables.put("add_generation_prompt", true);
        variables.put("documents", null);
        variables.putAll(extra);
        variables.put("messages", template.shape().messages(messages));
        variables.put("tools", tools.isEmpty() ? null : tools);
        return template.template().render(variables);
    }

    /** @param rendered what {@link #renderChat} gave: nothing is added to it */
    public int[] encodePrompt(final String rendered) {
        return tokenizer.encode(rendered, false);
    }

    /** @return tokens before whose texts a rendered prompt can be cut: the pieces' tokens are those of the whole */
    public List<SafeCuts.Cut> cuts() {
        return cuts;
    }

    /** @param text a plain text to continue; the model's BOS token is added where it wants one */
    public int[] encodeText(final String text) {
        return tokenizer.encode(text, true);
    }

    /** @return how the model is asked for what stands between two texts; empty when it was not made for that */
    public Optional<FillInMiddle> fillInMiddle() {
        return settings.fill();
    }

    /**
     * @return the prompt that asks for what stands between two texts: the BOS token where the model wants one, then as
     *         {@link FillInMiddle} says; empty when the model was not made for that
     */
    public Optional<int[]> encodeGap(final String before, final String behind) {
        return settings.fill().map(fill -> Stream.of(leading(), new int[] {fill.prefix()}, tokenizer.encode(before, false),
            new int[] {fill.suffix()}, tokenizer.encode(behind, false), new int[] {fill.middle()}).flatMapToInt(IntStream::of).toArray());
    }

    /** What the model wants before a plain text. */
    private int[] leading() {
        final int[] whole = tokenizer.encode("a", true);
        final int[] bare = tokenizer.encode("a", false);
        final int added = whole.length - bare.length;
        return added > 0 && Arrays.equals(whole, added, whole.length, bare, 0, bare.length) ? Arrays.copyOf(whole, added) : new int[0];
    }

    /** @return ids that end an output, ascending, a fresh array */
    public int[] stopTokenIds() {
        return settings.stopTokens().stream().mapToInt(Integer::intValue).toArray();
    }

    /** @return how the model writes tool calls, as its template shows it */
    public ToolFormat toolFormat() {
        return chatWithTools == null ? ToolFormat.NONE : chatWithTools.toolFormat();
    }

    /** @return how the model marks its thoughts, as its template shows it */
    public ReasoningFormat reasoningFormat() {
        return chat == null ? ReasoningFormat.NONE : chat.reasoningFormat();
    }

    /** As {@link #newTextStream(List, boolean, boolean)} without markers. */
    public TextStream newTextStream(final List<String> stops) {
        return newTextStream(stops, false, false);
    }

    /**
     * @param stops       where the output ends
     * @param toolMarkers whether tokens that mark tool calls come through although they are special: wanted when the text goes to a parser
     *                    of {@link #toolFormat()}
     * @param thoughtMarkers the same for tokens that mark thoughts, and a splitter of {@link #reasoningFormat()}
     */
    public TextStream newTextStream(final List<String> stops, final boolean toolMarkers, final boolean thoughtMarkers) {
        return new TextStream(tokenizer, stops, token -> tokenizer.isSpecial(token)
            && !(toolMarkers && markers.get(token)) && !(thoughtMarkers && this.thoughtMarkers.get(token)));
    }

    /** @return longest sequence the model was made for, in tokens; 0 = its files do not say */
    public int contextTokens() {
        return settings.contextTokens();
    }

    /** @return what its files say of how it is to be sampled where a request does not say it */
    public GenerationDefaults defaults() {
        return settings.defaults();
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
