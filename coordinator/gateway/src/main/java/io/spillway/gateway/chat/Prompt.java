package io.spillway.gateway.chat;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What a model is asked to continue. Immutable as long as nobody writes to the nested lists and maps; any thread. */
public sealed interface Prompt {
    /**
     * A conversation, rendered by the model's chat template.
     *
     * @param messages maps with {@code role}, {@code content} (text, list of parts or null), {@code tool_calls}, {@code tool_call_id}
     * @param tools    maps with {@code type} and {@code function}; empty = the model is told of none
     * @param extra    further names for the template; {@link #CONTINUE_FINAL} is for us
     */
    record Messages(List<Map<String, Object>> messages, List<Map<String, Object>> tools, Map<String, Object> extra)
        implements Prompt {
        /** When true, the last message is the assistant's and stays open: the model goes on where it ends. */
        public static final String CONTINUE_FINAL = "continue_final_message";

        public Messages {
            messages = List.copyOf(messages);
            tools = List.copyOf(tools);
            extra = Map.copyOf(extra);
        }

        /** @return the assistant's message that the model is to go on with; empty when it begins a message of its own */
        public Optional<Map<String, Object>> open() {
            return Boolean.TRUE.equals(extra.get(CONTINUE_FINAL)) && !messages.isEmpty()
                && "assistant".equals(messages.getLast().get("role")) ? Optional.of(messages.getLast()) : Optional.empty();
        }
    }

    /** Plain text. */
    record Text(String text) implements Prompt {
        public Text {
            requireNonNull(text, "text");
        }
    }

    /**
     * Two texts with a gap between them, which is asked for.
     *
     * @param behind not empty: else it were plain text
     */
    record Gap(String before, String behind) implements Prompt {
        public Gap {
            requireNonNull(before, "before");
            requireNonNull(behind, "behind");
        }

        /** @return why a model that was not made to fill gaps does not get one */
        static SpillwayException refusal() {
            return SpillwayException.ofField(ErrorCode.UNSUPPORTED, "suffix",
                "Unsupported 'suffix': this model was not made to fill in the middle.");
        }
    }

    /** Token ids, as they are. Handed over. */
    record Tokens(int[] tokens) implements Prompt {
        public Tokens {
            requireNonNull(tokens, "tokens");
        }
    }
}
