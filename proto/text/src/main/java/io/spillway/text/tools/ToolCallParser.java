package io.spillway.text.tools;

import java.util.function.Consumer;

/**
 * Turns output text, in pieces of any size, into content and tool calls. Where the format lets a call be recognised by its beginning, its
 * arguments are told as they come, as the model wrote them; else it is told once it is complete and well formed, and what turns out
 * malformed is content, exactly as written. Never an error. Owned by one thread.
 */
public interface ToolCallParser {
    /** Takes more text; hands on what has become certain. */
    void accept(String text, Consumer<ToolDelta> deltas);

    /** The output is complete: hands on what was held back. Call once. */
    void end(Consumer<ToolDelta> deltas);
}
