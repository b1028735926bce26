package io.spillway.gateway.openai;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Results of tool calls, which clients send in whatever order their tools finished. Many templates print them without the calls' ids, so
 * their order is all that tells a model which is which: results that follow a message with calls are put into the order of its calls.
 * Stateless; any thread.
 */
public final class ToolResults {
    private ToolResults() {
    }

    /**
     * @return the conversation, results in order
     * @throws SpillwayException {@code INVALID_VALUE} for the result of a call that no message before it makes
     */
    public static List<Map<String, Object>> inOrder(final List<Map<String, Object>> messages) {
        final List<Map<String, Object>> ordered = new ArrayList<>(messages.size());
        final Set<String> made = new HashSet<>();
        List<String> calls = List.of();
        int firstResult = 0;
        for (int i = 0; i < messages.size(); i++) {
            final Map<String, Object> message = messages.get(i);
            if (!"tool".equals(message.get("role"))) {
                sort(ordered, firstResult, calls);
                calls = ids(message);
                made.addAll(calls);
                firstResult = i + 1;
            } else if (message.get("tool_call_id") instanceof String id && !made.contains(id)) {
                throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "messages[" + i + "].tool_call_id", "Invalid 'messages[" + i
                    + "].tool_call_id': no message before it has a tool call with the id '" + id + "'.");
            }
            ordered.add(message);
        }
        sort(ordered, firstResult, calls);
        return ordered;
    }

    /** Sorts the messages from {@code first} on; results of earlier messages' calls come first and stay in their order. */
    private static void sort(final List<Map<String, Object>> messages, final int first, final List<String> calls) {
        if (messages.size() - first > 1 && !calls.isEmpty()) {
            messages.subList(first, messages.size()).sort(Comparator.comparingInt(message -> calls.indexOf(message.get("tool_call_id"))));
        }
    }

    private static List<String> ids(final Map<String, Object> message) {
        return message.get("tool_calls") instanceof List<?> calls
            ? calls.stream().map(call -> call instanceof Map<?, ?> made ? String.valueOf(made.get("id")) : "").toList() : List.of();
    }
}
