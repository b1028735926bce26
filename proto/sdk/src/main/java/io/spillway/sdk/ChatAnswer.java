package io.spillway.sdk;

import io.spillway.domain.request.Usage;
import java.util.List;

/**
 * A complete answer.
 *
 * @param reasoning       what the model thought before; empty when it does not think aloud
 * @param reason          stop, length or tool_calls
 * @param costNanoDollars what the request was charged
 * @param placement       why it ran where it ran, for people
 * @param attempts        how many replicas it took; above 1 when one died on the way
 */
public record ChatAnswer(
    String content, String reasoning, List<ToolUse> toolCalls, String reason, Usage usage, long costNanoDollars,
    String placement, int attempts) {
    public ChatAnswer {
        toolCalls = List.copyOf(toolCalls);
    }
}
