package io.spillway.gateway.chat;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.Map;

/** What a model is asked to continue. Immutable as long as nobody writes to the nested lists and maps; any thread. */
public sealed interface Prompt {
    /**
     * A conversation, rendered by the model's chat template.
     *
     * @param messages maps with {@code role}, {@code content} (text, list of parts or null), {@code tool_calls}, {@code tool_call_id}
     * @param tools    maps with {@code type} and {@code function}; empty = the model is told of none
     * @param extra    further names for the template
     */
    record Messages(List<Map<String, Object>> messages, List<Map<String, Object>> tools, Map<String, Object> extra)
        implements Prompt {
        public Messages {
            messages = List.copyOf(messages);
            tools = List.copyOf(tools);
            extra = Map.copyOf(extra);
        }
    }

    /** Plain text. */
    record Text(String text) implements Prompt {
        public Text {
            requireNonNull(text, "text");
        }
    }

    /** Token ids, as they are. Handed over. */
    record Tokens(int[] tokens) implements Prompt {
        public Tokens {
            requireNonNull(tokens, "tokens");
        }
    }
}
