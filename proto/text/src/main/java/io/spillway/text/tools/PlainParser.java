package io.spillway.text.tools;

import java.util.function.Consumer;

/** Knows no calls. */
final class PlainParser implements ToolCallParser {
    @Override
    public void accept(final String text, final Consumer<ToolDelta> deltas) {
        if (!text.isEmpty()) {
            deltas.accept(new ToolDelta.Content(text));
        }
    }

    @Override
    public void end(final Consumer<ToolDelta> deltas) {
        // Nothing was held back.
    }
}
