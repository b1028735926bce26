package io.spillway.gateway;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.request.GenerationDefaults;
import io.spillway.gateway.chat.ChatModel;
import io.spillway.gateway.chat.ChatOutput;
import io.spillway.gateway.chat.Prompt;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A model whose tokens are bytes; calls look like {@code [[name|arguments]]}. */
final class ByteModel implements ChatModel {
    static final int END = 256;
    static final int VOCABULARY = 300;
    private final GenerationDefaults defaults;

    ByteModel() {
        this(GenerationDefaults.NONE);
    }

    ByteModel(final GenerationDefaults defaults) {
        this.defaults = defaults;
    }

    @Override
    public GenerationDefaults defaults() {
        return defaults;
    }

    @Override
    public int[] encode(final Prompt prompt) {
        return switch (prompt) {
            case Prompt.Text text -> bytes(text.text());
            case Prompt.Tokens tokens -> tokens.tokens();
            case Prompt.Gap _ -> throw SpillwayException.ofField(ErrorCode.UNSUPPORTED, "suffix", "Unsupported 'suffix'");
            case Prompt.Messages messages -> bytes(render(messages));
        };
    }

    static String render(final Prompt.Messages prompt) {
        final StringBuilder text = new StringBuilder();
        prompt.tools().forEach(tool -> text.append("tool ").append(tool).append('\n'));
        for (final Map<String, Object> message : prompt.messages()) {
            if ("refuse me".equals(message.get("content"))) {
                throw new SpillwayException(ErrorCode.TEMPLATE_FAILED, "the template refused");
            }
            text.append(message.get("role")).append(':').append(message.get("content"));
            if (message.containsKey("tool_calls")) {
                text.append(message.get("tool_calls"));
            }
            text.append('\n');
        }
        prompt.open().ifPresent(open -> text.setLength(text.length() - 1));
        return text.toString();
    }

    static int[] bytes(final String text) {
        final byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        final int[] tokens = new int[bytes.length];
        for (int i = 0; i < tokens.length; i++) {
            tokens[i] = bytes[i] & 0xff;
        }
        return tokens;
    }

    @Override
    public int[] stopTokens() {
        return new int[] {END};
    }

    @Override
    public int vocabularySize() {
        return VOCABULARY;
    }

    @Override
    public byte[] tokenBytes(final int token) {
        return token < END ? new byte[] {(byte) token} : new byte[0];
    }

    /** How to open a call named "unknown" is not known. */
    @Override
    public Optional<int[]> callOpening(final String function) {
        return function.equals("unknown") ? Optional.empty()
            : Optional.of(bytes(function.isEmpty() ? "[[" : "[[" + function + "|"));
    }

    /** Thoughts stand in {@code <think>} tags. */
    @Override
    public ChatOutput newAnswer(final int[] prompt, final List<String> stops, final boolean toolCalls) {
        return new ThinkingByteOutput(new ByteOutput(stops, toolCalls));
    }

    @Override
    public ChatOutput newOutput(final List<String> stops, final boolean toolCalls) {
        return new ByteOutput(stops, toolCalls);
    }
}
