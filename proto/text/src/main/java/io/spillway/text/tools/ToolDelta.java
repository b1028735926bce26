package io.spillway.text.tools;

/** A piece of a parsed output. */
public sealed interface ToolDelta {
    /** Text for the reader; never empty. */
    record Content(String text) implements ToolDelta {
    }

    /**
     * A call begins.
     *
     * @param index from 0, in order
     * @param id    as the model wrote it; empty where the format has none
     */
    record CallStart(int index, String id, String name) implements ToolDelta {
    }

    /** More of the arguments' JSON text, exactly as the model wrote it. */
    record CallArguments(int index, String fragment) implements ToolDelta {
    }
}
