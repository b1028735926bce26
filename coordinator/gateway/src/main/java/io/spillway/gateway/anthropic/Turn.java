package io.spillway.gateway.anthropic;

import io.spillway.gateway.json.Json;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * All that one side said before the other spoke.
 *
 * @param blocks grows while the conversation is read
 */
record Turn(boolean assistant, List<Block> blocks) {
    Turn(final boolean assistant) {
        this(assistant, new ArrayList<>());
    }

    List<Block.Call> calls() {
        return of(Block.Call.class);
    }

    private <T extends Block> List<T> of(final Class<T> kind) {
        return blocks.stream().filter(kind::isInstance).map(kind::cast).toList();
    }

    /**
     * @param asked calls of the turn before, in order
     * @return what templates expect: of the user, first what came back of the calls, in the order of the calls (templates that show
     *         no ids tell results apart by their order only), then the words
     */
    List<Map<String, Object>> messages(final List<Block.Call> asked) {
        return assistant ? answer() : said(asked);
    }

    private List<Map<String, Object>> answer() {
        final StringBuilder text = new StringBuilder();
        of(Block.Text.class).forEach(block -> text.append(block.text()));
        final Map<String, Object> message = new LinkedHashMap<>();
        message.put("role", "assistant");
        message.put("content", text.isEmpty() && !calls().isEmpty() ? null : text.toString());
        if (!calls().isEmpty()) {
            message.put("tool_calls", calls().stream().map(Turn::call).toList());
        }
        final String thought = String.join("\n", of(Block.Thought.class).stream().map(Block.Thought::text).toList());
        if (!thought.isEmpty()) {
            message.put("reasoning_content", thought);
        }
        return List.of(message);
    }

    private static Map<String, Object> call(final Block.Call call) {
        final Map<String, Object> function = new LinkedHashMap<>();
        function.put("name", call.name());
        function.put("arguments", Json.spaced(call.input()));
        final Map<String, Object> result = new LinkedHashMap<>();
        result.put("id", call.id());
        result.put("type", "function");
        result.put("function", function);
        return result;
    }

    private List<Map<String, Object>> said(final List<Block.Call> asked) {
        final List<Map<String, Object>> messages = new ArrayList<>();
        final List<Block.Result> left = new ArrayList<>(of(Block.Result.class));
        for (final Block.Call call : asked) {
            left.stream().filter(result -> result.callId().equals(call.id())).forEach(result -> messages.add(tool(result)));
            left.removeIf(result -> result.callId().equals(call.id()));
        }
        left.forEach(result -> messages.add(tool(result)));
        final List<Block.Text> texts = of(Block.Text.class);
        if (texts.size() == 1) {
            messages.add(message("user", texts.getFirst().text()));
        } else if (!texts.isEmpty()) {
            messages.add(message("user", texts.stream().map(block -> part(block.text())).toList()));
        }
        return messages;
    }

    private static Map<String, Object> tool(final Block.Result result) {
        final boolean says = !result.failed() || result.text().regionMatches(true, 0, "error", 0, "error".length());
        final Map<String, Object> message = message("tool", says ? result.text() : "Error: " + result.text());
        message.put("tool_call_id", result.callId());
        return message;
    }

    static Map<String, Object> message(final String role, final Object content) {
        final Map<String, Object> message = new LinkedHashMap<>();
        message.put("role", role);
        message.put("content", content);
        return message;
    }

    static Map<String, Object> part(final String text) {
        final Map<String, Object> part = new LinkedHashMap<>();
        part.put("type", "text");
        part.put("text", text);
        return part;
    }
}
