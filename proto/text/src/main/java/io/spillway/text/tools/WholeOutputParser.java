package io.spillway.text.tools;

import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** An output that is a call as a whole, or content as a whole: its first character decides. */
final class WholeOutputParser implements ToolCallParser {
    private static final String TAG = "<|python_tag|>";

    private final StringBuilder held = new StringBuilder();
    private boolean content;

    @Override
    public void accept(final String text, final Consumer<ToolDelta> deltas) {
        held.append(text);
        final String start = held.toString().stripLeading();
        content |= !start.isEmpty() && start.charAt(0) != '{' && !TAG.startsWith(start) && !start.startsWith(TAG);
        if (content) {
            release(deltas);
        }
    }

    @Override
    public void end(final Consumer<ToolDelta> deltas) {
        final String whole = held.toString().strip();
        final Optional<List<WrittenCall>> calls = content
            ? Optional.empty() : WrittenCall.all(whole.startsWith(TAG) ? whole.substring(TAG.length()) : whole);
        if (calls.isEmpty()) {
            release(deltas);
            return;
        }
        for (int i = 0; i < calls.get().size(); i++) {
            calls.get().get(i).tell(i, deltas);
        }
    }

    private void release(final Consumer<ToolDelta> deltas) {
        if (!held.isEmpty()) {
            deltas.accept(new ToolDelta.Content(held.toString()));
            held.setLength(0);
        }
    }
}
