package io.spillway.sdk;

/** A piece of an answer on its way. In order, without gaps or repeats, whatever became of replicas meanwhile. */
public sealed interface ChatPart {
    /** Some of the answer's text; never empty. */
    record Text(String text) implements ChatPart {
    }

    /** Some of what the model thinks before it answers; never empty. */
    record Reasoning(String text) implements ChatPart {
    }

    /**
     * Some of a tool call.
     *
     * @param index     from 0: which call
     * @param arguments more of its JSON text; may be empty in the first piece
     */
    record Call(int index, String id, String name, String arguments) implements ChatPart {
    }

    /** The end: the whole answer. */
    record Done(ChatAnswer answer) implements ChatPart {
    }
}
