package io.spillway.local.demo;

import com.openai.client.OpenAIClient;
import com.openai.core.JsonValue;
import com.openai.core.http.StreamResponse;
import com.openai.helpers.ChatCompletionAccumulator;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionMessage;
import com.openai.models.completions.CompletionUsage;
import io.spillway.domain.time.NanoClock;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * One request of the agent and its answer.
 *
 * @param message the assistant's message: content, tool calls or both
 */
record AgentStep(ChatCompletionMessage message, Consumption used) {

    /** Streams one answer and measures it. Throws {@code OpenAIException} when the API fails. */
    static AgentStep ask(final OpenAIClient client, final ChatCompletionCreateParams params, final NanoClock clock) {
        final ChatCompletionAccumulator answer = ChatCompletionAccumulator.create();
        final long beganNanos = clock.nanoTime();
        long firstNanos = -1;
        CompletionUsage usage = null;
        try (StreamResponse<ChatCompletionChunk> stream = client.chat().completions().createStreaming(params)) {
            for (final Iterator<ChatCompletionChunk> chunks = stream.stream().iterator(); chunks.hasNext();) {
                final ChatCompletionChunk chunk = chunks.next();
                if (firstNanos < 0 && saysSomething(chunk)) {
                    firstNanos = clock.nanoTime();
                }
                usage = chunk.usage().orElse(usage);
                answer.accumulate(chunk);
            }
        }
        final long endNanos = clock.nanoTime();
        return new AgentStep(answer.chatCompletion().choices().getFirst().message(),
            consumption(usage, (firstNanos < 0 ? endNanos : firstNanos) - beganNanos, endNanos - beganNanos));
    }

    private static boolean saysSomething(final ChatCompletionChunk chunk) {
        return chunk.choices().stream().anyMatch(choice ->
            choice.delta().content().filter(text -> !text.isEmpty()).isPresent() || choice.delta().toolCalls().isPresent());
    }

    private static Consumption consumption(final CompletionUsage usage, final long ttftNanos, final long requestNanos) {
        if (usage == null) {
            return new Consumption(1, 0, 0, 0, List.of(ttftNanos), requestNanos, OptionalDouble.empty());
        }
        final long cached = usage.promptTokensDetails().flatMap(CompletionUsage.PromptTokensDetails::cachedTokens).orElse(0L);
        return new Consumption(1, usage.promptTokens(), cached, usage.completionTokens(), List.of(ttftNanos), requestNanos, cost(usage));
    }

    /** Spillway puts what a request cost under {@code usage.spillway.cost_usd}; other servers say nothing. */
    private static OptionalDouble cost(final CompletionUsage usage) {
        final JsonValue extension = usage._additionalProperties().get("spillway");
        if (extension != null && extension.asObject().orElse(null) instanceof final Map<?, ?> fields
            && fields.get("cost_usd") instanceof final JsonValue cost && cost.asNumber().isPresent()) {
            return OptionalDouble.of(((Number) cost.asNumber().get()).doubleValue());
        }
        return OptionalDouble.empty();
    }
}
