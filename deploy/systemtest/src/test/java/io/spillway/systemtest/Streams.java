package io.spillway.systemtest;

import com.openai.client.OpenAIClient;
import com.openai.core.http.StreamResponse;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.completions.CompletionUsage;
import java.util.Iterator;
import java.util.Optional;

/** Streams an answer through the official client and tells what a user would see. */
final class Streams {
    private Streams() {
    }

    /** A whole streamed answer. */
    record Answer(String text, String finishReason, Optional<CompletionUsage> usage) {
    }

    /** Something to do in the middle of a stream. */
    interface Interruption {
        void happen() throws Exception;
    }

    /**
     * @param afterChars text to receive before {@code interruption}; 0 = none happens. Not pieces: how much text comes in one
     *                   piece depends on how fast both ends are
     */
    static Answer run(
        final OpenAIClient client, final ChatCompletionCreateParams params, final int afterChars,
        final Interruption interruption) throws Exception {
        final StringBuilder text = new StringBuilder();
        String finishReason = "";
        Optional<CompletionUsage> usage = Optional.empty();
        boolean happened = afterChars == 0;
        final ChatCompletionCreateParams streamed = params.toBuilder()
            .streamOptions(ChatCompletionStreamOptions.builder().includeUsage(true).build()).build();
        try (StreamResponse<ChatCompletionChunk> stream = client.chat().completions().createStreaming(streamed)) {
            final Iterator<ChatCompletionChunk> chunks = stream.stream().iterator();
            while (chunks.hasNext()) {
                final ChatCompletionChunk chunk = chunks.next();
                usage = chunk.usage().isPresent() ? chunk.usage() : usage;
                for (final ChatCompletionChunk.Choice choice : chunk.choices()) {
                    text.append(choice.delta().content().orElse(""));
                    finishReason = choice.finishReason().map(Object::toString).orElse(finishReason);
                }
                if (!happened && text.length() >= afterChars) {
                    happened = true;
                    interruption.happen();
                }
            }
        }
        return new Answer(text.toString(), finishReason, usage);
    }
}
