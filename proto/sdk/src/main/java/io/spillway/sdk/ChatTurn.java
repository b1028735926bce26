package io.spillway.sdk;

import java.util.List;

/**
 * One message of a conversation. Immutable.
 *
 * @param role       system, user, assistant or tool
 * @param toolCalls  calls that an assistant's turn makes
 * @param toolCallId of a tool's turn: the call it answers; "" otherwise
 */
public record ChatTurn(String role, String content, List<ToolUse> toolCalls, String toolCallId) {
    public ChatTurn {
        toolCalls = List.copyOf(toolCalls);
    }

    /** @return a turn of text */
    public static ChatTurn of(final String role, final String content) {
        return new ChatTurn(role, content, List.of(), "");
    }

    /** @return the result of a tool call */
    public static ChatTurn toolResult(final String toolCallId, final String content) {
        return new ChatTurn("tool", content, List.of(), toolCallId);
    }

    /** @return an answer as the conversation's next turn, its calls included */
    public static ChatTurn of(final ChatAnswer answer) {
        return new ChatTurn("assistant", answer.content(), answer.toolCalls(), "");
    }
}
