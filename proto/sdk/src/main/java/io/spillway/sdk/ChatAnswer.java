package io.spillway.sdk;

import io.spillway.domain.request.Usage;
import java.util.List;

/**
 * A complete answer.
 *
 * @param reason          stop, length or tool_calls
 * @param costNanoDollars what the request was charged
 * @param placement       why it ran where it ran, for people
 * @param attempts        how many replicas it took; above 1 when one died on the way
 */
public record ChatAnswer(
    String content, List<ChatCall.ToolUse> toolCalls, String reason, Usage usage, long costNanoDollars,
    String placement, int attempts) {
    public ChatAnswer {
        toolCalls = List.copyOf(toolCalls);
    }
}
