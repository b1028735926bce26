package io.spillway.gateway.chat;

import java.util.Optional;
import java.util.function.Consumer;

/** One output on its way from tokens to text and tool calls. Owned by one thread. */
public interface ChatOutput {
    /** Takes the next token; hands on what has become certain. Does nothing once {@link #stopped()}. */
    void accept(int token, Consumer<Piece> pieces);

    /** The output is complete: hands on what was held back. Call once. */
    void end(Consumer<Piece> pieces);

    /** @return whether a stop string was met */
    boolean stopped();

    /** @return the stop string that was met; empty when none was */
    default Optional<String> stop() {
        return Optional.empty();
    }

    /** @return whether the output is in the middle of a thought */
    default boolean thinking() {
        return false;
    }

    /** What an output consists of. */
    sealed interface Piece {
        /** Some text for the reader; never empty, whole characters. */
        record Text(String text) implements Piece {
        }

        /** Some of what the model thinks before it answers; never empty, whole characters. */
        record Reasoning(String text) implements Piece {
        }

        /** A tool call begins. @param index from 0, in order */
        record CallStart(int index, String name) implements Piece {
        }

        /** More of the arguments' JSON text, as the model wrote it. */
        record CallArguments(int index, String fragment) implements Piece {
        }
    }
}
