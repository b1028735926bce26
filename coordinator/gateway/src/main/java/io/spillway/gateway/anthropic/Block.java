package io.spillway.gateway.anthropic;

import com.fasterxml.jackson.databind.node.ObjectNode;

/** A piece of a turn, as far as a model can be told of it. */
sealed interface Block {
    /** Words. */
    record Text(String text) implements Block {
    }

    /** What the model thought in an earlier answer. */
    record Thought(String text) implements Block {
    }

    /** A call the model made in an earlier answer. */
    record Call(String id, String name, ObjectNode input) implements Block {
    }

    /** What came back of a call. */
    record Result(String callId, String text, boolean failed) implements Block {
    }
}
