package io.spillway.gateway.responses;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.gateway.json.Json;
import io.spillway.gateway.openai.ToolResults;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Turns items into the messages that chat templates expect: what the model said, thought and called in one turn becomes one message.
 * Owned by one thread, for one request.
 */
final class Transcript {
    private final List<Map<String, Object>> messages = new ArrayList<>();
    private final Map<String, String> calls = new HashMap<>(); // told tool name by call id
    private Map<String, Object> turn; // the model's own message that may still grow; null: none
    private final StringBuilder thought = new StringBuilder();

    private Transcript() {
    }

    /**
     * @return messages with {@code role}, {@code content}, {@code reasoning_content}, {@code tool_calls}, {@code tool_call_id}
     * @throws SpillwayException when there is nothing to answer, or a result belongs to no call
     */
    static List<Map<String, Object>> messages(final Optional<String> instructions, final List<ObjectNode> items) {
        final Transcript transcript = new Transcript();
        instructions.ifPresent(text -> transcript.said("system", text));
        items.forEach(transcript::take);
        transcript.endTurn();
        if (transcript.messages.isEmpty()) {
            throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "input", "Invalid 'input': there is nothing to answer.");
        }
        return ToolResults.inOrder(transcript.messages);
    }

    private void take(final ObjectNode item) {
        switch (item.path("type").asText()) {
            case "message" -> message(item);
            case "reasoning" -> thought(Thought.of(item));
            case "function_call" -> call(item, item.path("arguments").asText());
            case "custom_tool_call" -> call(item, custom(item.path("input").asText()));
            case "function_call_output", "custom_tool_call_output" -> result(item);
            default -> { } // of a tool that ran elsewhere
        }
    }

    private void message(final ObjectNode item) {
        final String role = item.path("role").asText();
        final Object content = content(item.path("content"));
        if (!role.equals("assistant")) {
            endTurn();
            final boolean rules = role.equals("developer") || role.equals("system");
            said(rules ? "system" : role, rules ? joined(item.path("content")) : content);
            return;
        }
        if (turn != null && (turn.get("content") != null || turn.containsKey("tool_calls"))) {
            endTurn();
        }
        turn().put("content", content);
    }

    /** Many templates take one system message, at the beginning: what leads a conversation becomes one. */
    private void said(final String role, final Object content) {
        if (role.equals("system") && messages.size() == 1 && messages.getFirst().get("role").equals("system")
            && messages.getFirst().get("content") instanceof String before && content instanceof String more) {
            messages.getFirst().put("content", before + "\n\n" + more);
            return;
        }
        final Map<String, Object> message = new LinkedHashMap<>();
        message.put("role", role);
        message.put("content", content);
        messages.add(message);
    }

    private void thought(final String text) {
        if (turn != null && (turn.get("content") != null || turn.containsKey("tool_calls"))) {
            endTurn();
        }
        if (!text.isEmpty()) {
            thought.append(thought.isEmpty() ? "" : "\n").append(text);
        }
    }

    private Map<String, Object> turn() {
        if (turn == null) {
            turn = new LinkedHashMap<>();
            turn.put("role", "assistant");
            turn.put("content", null);
            if (!thought.isEmpty()) {
                turn.put("reasoning_content", thought.toString());
                thought.setLength(0);
            }
        }
        return turn;
    }

    private void endTurn() {
        if (turn != null) {
            messages.add(turn);
            turn = null;
        }
        thought.setLength(0);
    }

    @SuppressWarnings("unchecked")
    private void call(final ObjectNode item, final String arguments) {
        final Map<String, Object> function = new LinkedHashMap<>();
        function.put("name", ToolName.of(item).told());
        function.put("arguments", arguments);
        final String id = item.path("call_id").asText();
        calls.put(id, ToolName.of(item).told());
        final Map<String, Object> call = new LinkedHashMap<>();
        call.put("id", id);
        call.put("type", "function");
        call.put("function", function);
        ((List<Map<String, Object>>) turn().computeIfAbsent("tool_calls", none -> new ArrayList<>())).add(call);
    }

    private static String custom(final String input) {
        return Json.object().put(CustomInput.FIELD, input).toString();
    }

    private void result(final ObjectNode item) {
        endTurn();
        final String id = item.path("call_id").asText();
        final String name = calls.get(id);
        if (name == null) {
            throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "input",
                "No tool call found for function call output with call_id " + id + ".");
        }
        final Map<String, Object> message = new LinkedHashMap<>();
        message.put("role", "tool");
        message.put("content", item.path("output").isTextual() ? item.path("output").textValue() : content(item.path("output")));
        message.put("tool_call_id", id);
        message.put("name", name);
        messages.add(message);
    }

    private static String joined(final JsonNode parts) {
        final StringBuilder text = new StringBuilder();
        for (final JsonNode part : parts) {
            text.append(text.isEmpty() ? "" : "\n\n").append(part.path("text").asText());
        }
        return text.toString();
    }

    /** @return a text, or a list of parts when there are several */
    private static Object content(final JsonNode parts) {
        final List<Map<String, Object>> texts = new ArrayList<>();
        for (final JsonNode part : parts) {
            final Map<String, Object> text = new LinkedHashMap<>();
            text.put("type", "text");
            text.put("text", part.path(part.has("refusal") ? "refusal" : "text").asText());
            texts.add(text);
        }
        return switch (texts.size()) {
            case 0 -> "";
            case 1 -> texts.getFirst().get("text");
            default -> texts;
        };
    }
}
