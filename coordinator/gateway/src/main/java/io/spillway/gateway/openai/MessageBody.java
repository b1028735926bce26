package io.spillway.gateway.openai;

import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.gateway.json.Fields;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Reads and checks the conversation. Stateless; any thread. */
final class MessageBody {
    private static final Set<String> ROLES = Set.of("system", "developer", "user", "assistant", "tool", "function");
    private static final Set<String> TEXT_PARTS = Set.of("text", "refusal");
    private static final Set<String> OTHER_PARTS = Set.of("image_url", "input_audio", "file", "video_url");

    private MessageBody() {
    }

    /** @return messages as templates expect them: {@code developer} has become {@code system}, {@code function} {@code tool} */
    static List<Map<String, Object>> read(final Fields body) {
        if (!body.has("messages")) {
            throw body.missing("messages");
        }
        final List<Map<String, Object>> messages = new ArrayList<>();
        for (final Fields message : body.objects("messages")) {
            messages.add(message(message));
        }
        if (messages.isEmpty()) {
            throw body.invalid("messages", "empty array. Expected an array with minimum length 1.");
        }
        return ToolResults.inOrder(messages);
    }

    private static Map<String, Object> message(final Fields message) {
        final String role = message.requiredText("role");
        if (!ROLES.contains(role)) {
            throw message.invalid("role", "'" + role + "' is not one of system, developer, user, assistant, tool, function.");
        }
        final Map<String, Object> result = new LinkedHashMap<>();
        result.put("role", switch (role) {
            case "developer" -> "system";
            case "function" -> "tool";
            default -> role;
        });
        final List<Map<String, Object>> calls = role.equals("assistant") ? calls(message) : List.of();
        result.put("content", content(message, role, !calls.isEmpty()));
        if (!calls.isEmpty()) {
            result.put("tool_calls", calls);
        }
        if (role.equals("tool")) {
            result.put("tool_call_id", message.requiredText("tool_call_id"));
        }
        message.text("name").ifPresent(name -> result.put("name", name));
        message.text("reasoning_content").ifPresent(text -> result.put("reasoning_content", text));
        return result;
    }

    private static Object content(final Fields message, final String role, final boolean calls) {
        final JsonNode content = message.value("content").orElse(null);
        if (content == null) {
            if (calls || role.equals("assistant") && (message.has("refusal") || message.has("reasoning_content"))) {
                return null;
            }
            throw message.missing("content");
        }
        if (content.isTextual()) {
            return content.textValue();
        }
        if (!content.isArray()) {
            throw Fields.wrongType(message.path("content"), "a string or an array of parts", content);
        }
        return parts(message);
    }

    private static List<Map<String, Object>> parts(final Fields message) {
        final List<Map<String, Object>> parts = new ArrayList<>();
        for (final Fields part : message.objects("content")) {
            final String type = part.requiredText("type");
            if (OTHER_PARTS.contains(type)) {
                throw part.unsupported("type", "'" + type + "' parts; this model reads text only.");
            }
            if (!TEXT_PARTS.contains(type)) {
                throw part.invalid("type", "'" + type + "' is not a kind of content part.");
            }
            final Map<String, Object> text = new LinkedHashMap<>();
            text.put("type", "text");
            text.put("text", part.requiredText(type));
            parts.add(text);
        }
        return parts;
    }

    private static List<Map<String, Object>> calls(final Fields message) {
        final List<Map<String, Object>> calls = new ArrayList<>();
        for (final Fields call : message.objects("tool_calls")) {
            final Map<String, Object> result = new LinkedHashMap<>();
            result.put("id", call.requiredText("id"));
            result.put("type", "function");
            result.put("function", called(call));
            calls.add(result);
        }
        return calls;
    }

    private static Map<String, Object> called(final Fields call) {
        final String type = call.text("type").orElse("function");
        final Map<String, Object> called = new LinkedHashMap<>();
        switch (type) {
            case "function" -> {
                final Fields function = call.requiredObject("function");
                called.put("name", function.requiredText("name"));
                called.put("arguments", function.requiredText("arguments"));
            }
            case "custom" -> {
                final Fields custom = call.requiredObject("custom");
                called.put("name", custom.requiredText("name"));
                called.put("arguments", CustomTools.arguments(custom.requiredText("input")));
            }
            default -> throw call.invalid("type", "'" + type + "' is not one of function, custom.");
        }
        return called;
    }
}
