package io.spillway.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ChatShapeTest {
    private static Map<String, Object> assistant(final String id, final Object arguments) {
        final Map<String, Object> function = new LinkedHashMap<>();
        function.put("arguments", arguments);
        function.put("name", "f");
        return Map.of("role", "assistant", "tool_calls", List.of(Map.of("id", id, "type", "function", "function", function)));
    }

    @Test
    void argumentsStayTextOnlyWhereTheTemplateTakesText() {
        assertThat(ChatShape.of("{% if tool_call.arguments is string %}").verbatimArguments()).isTrue();
        assertThat(ChatShape.of("{% if tc['arguments'] is not string %}").verbatimArguments()).isTrue();
        assertThat(ChatShape.of("{{ tool_call.arguments | tojson }}").verbatimArguments()).isFalse();
        final ChatShape text = new ChatShape(true, false, false);
        final ChatShape object = new ChatShape(false, false, false);
        assertThat(text.messages(List.of(assistant("c", "{\"a\":1}"))).toString()).contains("name=f, arguments={\"a\":1}");
        assertThat(object.messages(List.of(assistant("c", "{\"a\":1}"))).toString()).contains("name=f, arguments={a=1}");
        assertThat(object.messages(List.of(assistant("c", ""))).toString()).contains("arguments={}");
        assertThat(object.messages(List.of(assistant("c", "{broken"))).toString()).contains("arguments={broken");
    }

    @Test
    void contentBecomesTextAndNullBecomesEmpty() {
        final ChatShape shape = ChatShape.of("{{ message.content }}");
        final Map<String, Object> nothing = new HashMap<>();
        nothing.put("role", "user");
        nothing.put("content", null);
        nothing.put("tool_calls", List.of());
        assertThat(shape.messages(List.of(nothing)).getFirst()).containsEntry("content", "").doesNotContainKey("tool_calls");
        final List<Object> parts = List.of(Map.of("type", "text", "text", "a"), Map.of("type", "text", "text", "b"));
        assertThat(shape.messages(List.of(Map.of("role", "user", "content", parts))).getFirst()).containsEntry("content", "a\nb");
        assertThat(ChatShape.of("{% for part in message['content'] %}").messages(List.of(Map.of("content", parts))).getFirst())
            .containsEntry("content", parts);
        assertThatThrownBy(() -> shape.messages(List.of(Map.of("content", List.of(Map.of("type", "image_url"))))))
            .isInstanceOfSatisfying(SpillwayException.class, e -> {
                assertThat(e.code()).isEqualTo(ErrorCode.UNSUPPORTED);
                assertThat(e.field()).contains("messages[0].content[0]");
            });
    }

    @Test
    void mistralGetsIdsOfNineLetters() {
        final ChatShape shape = ChatShape.of("{%- if message.tool_call_id|length != 9 %}");
        final Map<String, Object> call = shape.messages(List.of(assistant("call_0123456789abcdef", "{}"))).getFirst();
        final Map<String, Object> result = shape.messages(List.of(Map.of("role", "tool", "tool_call_id", "call_0123456789abcdef", "content", "x"))).getFirst();
        assertThat(result.get("tool_call_id").toString()).matches("[a-zA-Z0-9]{9}");
        assertThat(call.get("tool_calls").toString()).contains("id=" + result.get("tool_call_id"));
        assertThat(ChatShape.shortId("abcDEF123")).isEqualTo("abcDEF123");
    }
}
