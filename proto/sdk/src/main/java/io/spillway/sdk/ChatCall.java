package io.spillway.sdk;

import io.spillway.domain.request.SamplingParams;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * One chat request, built step by step. Immutable: every method returns a new call.
 *
 * @param outputTokensMax most output tokens; 0 = to the end of the context
 * @param run             agent run it belongs to; "" = none
 * @param timeout         how long the whole call may take, retries included
 */
public record ChatCall(
    String model, List<ChatTurn> turns, List<ToolSpec> tools, SamplingParams sampling, boolean seeded,
    int outputTokensMax, List<String> stop, String run, Duration timeout) {

    private static final Duration DEFAULT_TIMEOUT = Duration.ofMinutes(10);

    public ChatCall {
        turns = List.copyOf(turns);
        tools = List.copyOf(tools);
        stop = List.copyOf(stop);
    }

    /** @return an empty conversation with a model, at temperature 1 */
    public static ChatCall to(final String model) {
        final SamplingParams sampling = new SamplingParams(1f, 0, 1f, 0f, 0f, 0f, 1f, java.util.Map.of(), 0, -1);
        return new ChatCall(model, List.of(), List.of(), sampling, false, 0, List.of(), "", DEFAULT_TIMEOUT);
    }

    public ChatCall system(final String text) {
        return with(ChatTurn.of("system", text));
    }

    public ChatCall user(final String text) {
        return with(ChatTurn.of("user", text));
    }

    public ChatCall assistant(final String text) {
        return with(ChatTurn.of("assistant", text));
    }

    /** @return this call with one more turn, for instance a tool's result */
    public ChatCall with(final ChatTurn turn) {
        final List<ChatTurn> more = new ArrayList<>(turns);
        more.add(turn);
        return new ChatCall(model, more, tools, sampling, seeded, outputTokensMax, stop, run, timeout);
    }

    public ChatCall tools(final List<ToolSpec> newTools) {
        return new ChatCall(model, turns, newTools, sampling, seeded, outputTokensMax, stop, run, timeout);
    }

    /** @param newSampling its seed is used as it is */
    public ChatCall sampling(final SamplingParams newSampling) {
        return new ChatCall(model, turns, tools, newSampling, true, outputTokensMax, stop, run, timeout);
    }

    /** @return this call, always taking the likeliest token */
    public ChatCall greedy() {
        return sampling(SamplingParams.GREEDY);
    }

    public ChatCall maxTokens(final int tokens) {
        return new ChatCall(model, turns, tools, sampling, seeded, tokens, stop, run, timeout);
    }

    public ChatCall stop(final String... strings) {
        return new ChatCall(model, turns, tools, sampling, seeded, outputTokensMax, List.of(strings), run, timeout);
    }

    public ChatCall run(final String newRun) {
        return new ChatCall(model, turns, tools, sampling, seeded, outputTokensMax, stop, newRun, timeout);
    }

    public ChatCall timeout(final Duration newTimeout) {
        return new ChatCall(model, turns, tools, sampling, seeded, outputTokensMax, stop, run, newTimeout);
    }

    /** One message of a conversation. */
    public record ChatTurn(String role, String content, List<ToolUse> toolCalls, String toolCallId) {
        public ChatTurn {
            toolCalls = List.copyOf(toolCalls);
        }

        public static ChatTurn of(final String role, final String content) {
            return new ChatTurn(role, content, List.of(), "");
        }

        /** @return the result of a tool call */
        public static ChatTurn toolResult(final String toolCallId, final String content) {
            return new ChatTurn("tool", content, List.of(), toolCallId);
        }
    }

    /** A tool the model may call; {@code parametersJson} is a JSON Schema. */
    public record ToolSpec(String name, String description, String parametersJson) {
    }

    /** A call the model made; {@code argumentsJson} exactly as the model wrote it. */
    public record ToolUse(String id, String name, String argumentsJson) {
    }
}
