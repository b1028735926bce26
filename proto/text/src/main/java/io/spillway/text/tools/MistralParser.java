package io.spillway.text.tools;

import io.spillway.text.stream.StopScanner;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** Content, then calls to the end of the output. */
final class MistralParser implements ToolCallParser {
    private static final String MARKER = "[TOOL_CALLS]";
    private static final String ARGUMENTS = "[ARGS]";
    private static final String ID = "[CALL_ID]";

    private final StopScanner marker = new StopScanner(List.of(MARKER));
    private final StringBuilder content = new StringBuilder();
    private final StringBuilder calls = new StringBuilder();

    @Override
    public void accept(final String text, final Consumer<ToolDelta> deltas) {
        for (int i = 0; i < text.length(); i++) {
            if (marker.stopped()) {
                calls.append(text, i, text.length());
                break;
            }
            content.append(marker.accept(text.substring(i, i + 1)));
        }
        flush(deltas);
    }

    private void flush(final Consumer<ToolDelta> deltas) {
        if (!content.isEmpty()) {
            deltas.accept(new ToolDelta.Content(content.toString()));
            content.setLength(0);
        }
    }

    @Override
    public void end(final Consumer<ToolDelta> deltas) {
        content.append(marker.end());
        flush(deltas);
        if (!marker.stopped()) {
            return;
        }
        final String written = calls.toString();
        final Optional<List<WrittenCall>> all = written.strip().startsWith("[") ? WrittenCall.all(written.strip()) : named(written);
        if (all.isEmpty()) {
            deltas.accept(new ToolDelta.Content(MARKER + written));
            return;
        }
        for (int i = 0; i < all.get().size(); i++) {
            all.get().get(i).tell(i, deltas);
        }
    }

    /** The newer form: {@code name[CALL_ID]id[ARGS]{…}}, each call after a marker of its own. */
    private static Optional<List<WrittenCall>> named(final String written) {
        final List<WrittenCall> calls = new ArrayList<>();
        for (final String part : written.split(java.util.regex.Pattern.quote(MARKER), -1)) {
            final int brace = part.indexOf('{');
            final String arguments = brace < 0 ? "" : part.substring(brace).strip();
            final String head = brace < 0 ? part : part.substring(0, brace).replace(ARGUMENTS, "");
            final int id = head.indexOf(ID);
            final String name = (id < 0 ? head : head.substring(0, id)).strip();
            if (name.isEmpty() || !WrittenCall.isObject(arguments)) {
                return Optional.empty();
            }
            calls.add(new WrittenCall(id < 0 ? "" : head.substring(id + ID.length()).strip(), name, arguments));
        }
        return Optional.of(calls);
    }
}
