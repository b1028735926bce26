package io.spillway.gateway.chat;

import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.request.PrefillSources;
import java.util.List;
import java.util.Optional;

/**
 * What happens to a request: per choice {@code Started? (Tokens | Reasoning | Text | CallStart | CallArguments)* ChoiceFinished}, choices
 * interleaved, then one {@code Finished}; or at any point one {@code Failed}, and nothing after it.
 */
public sealed interface ChatEvent {
    /** Prefill of a choice begins; where its prefix came from, and why it runs where it runs. */
    record Started(int choice, PrefillSources sources, String placement) implements ChatEvent {
    }

    /**
     * Output tokens, before the text they complete.
     *
     * @param firstIndex output position of {@code tokens[0]}
     * @param logprobs   empty, or one per token
     */
    record Tokens(int choice, int firstIndex, int[] tokens, List<TokenText> logprobs) implements ChatEvent {
    }

    /** @param offsetChars UTF-16 units of text of this choice before this piece */
    record Text(int choice, int offsetChars, String text) implements ChatEvent {
    }

    /** @param offsetChars UTF-16 units of thought of this choice before this piece */
    record Reasoning(int choice, int offsetChars, String text) implements ChatEvent {
    }

    /** A tool call begins. */
    record CallStart(int choice, int index, String id, String name) implements ChatEvent {
    }

    /** More of a call's arguments. */
    record CallArguments(int choice, int index, String fragment) implements ChatEvent {
    }

    /**
     * A choice is complete.
     *
     * @param stop the caller's stop string that ended it; empty when something else did
     */
    record ChoiceFinished(int choice, ChatFinish reason, Optional<String> stop) implements ChatEvent {
        /** No stop string was met. */
        public ChoiceFinished(final int choice, final ChatFinish reason) {
            this(choice, reason, Optional.empty());
        }
    }

    /** All choices are complete. */
    record Finished(ChatUsage usage) implements ChatEvent {
    }

    /** The request ended without completing. */
    record Failed(SpillwayException failure) implements ChatEvent {
    }

    /** Why a choice ended. */
    enum ChatFinish {
        STOP, LENGTH, TOOL_CALLS
    }
}
