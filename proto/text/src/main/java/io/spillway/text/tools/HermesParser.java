package io.spillway.text.tools;

import io.spillway.text.stream.StopScanner;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Calls in tags. One newline before a call belongs to the call, since templates write it there: rendering the history again gives the
 * tokens that the model wrote. White space after a call is dropped.
 */
final class HermesParser implements ToolCallParser {
    private static final String OPEN = "<tool_call>";
    private static final String CLOSE = "</tool_call>";

    private StopScanner opening = opening();
    private final StringBuilder between = new StringBuilder();
    private final StringBuilder call = new StringBuilder();
    private boolean inCall;
    private boolean afterCall;
    private boolean newlineBefore;
    private String lastChars = "";
    private int calls;

    private static StopScanner opening() {
        return new StopScanner(List.of("\n" + OPEN, OPEN));
    }

    @Override
    public void accept(final String text, final Consumer<ToolDelta> deltas) {
        for (int i = 0; i < text.length(); i++) {
            step(text.charAt(i), deltas);
        }
        flush(deltas);
    }

    private void step(final char c, final Consumer<ToolDelta> deltas) {
        if (inCall) {
            call.append(c);
            if (c == '>' && call.length() >= CLOSE.length() && call.lastIndexOf(CLOSE) == call.length() - CLOSE.length()) {
                call.setLength(call.length() - CLOSE.length());
                close(CLOSE, deltas);
            }
            return;
        }
        lastChars = lastChars.length() > OPEN.length() ? lastChars.substring(1) + c : lastChars + c;
        between.append(opening.accept(String.valueOf(c)));
        if (opening.stopped()) {
            newlineBefore = lastChars.startsWith("\n");
            inCall = true;
            flush(deltas);
            opening = opening();
            lastChars = "";
        }
    }

    private void flush(final Consumer<ToolDelta> deltas) {
        if (afterCall && between.toString().isBlank()) {
            if (inCall) {
                between.setLength(0);
            }
            return;
        }
        if (!between.isEmpty()) {
            deltas.accept(new ToolDelta.Content(between.toString()));
            between.setLength(0);
            afterCall = false;
        }
    }

    private void close(final String tag, final Consumer<ToolDelta> deltas) {
        final Optional<List<WrittenCall>> written = WrittenCall.all(call.toString()).filter(list -> list.size() == 1);
        if (written.isPresent()) {
            written.get().getFirst().tell(calls++, deltas);
            afterCall = true;
        } else {
            deltas.accept(new ToolDelta.Content((newlineBefore ? "\n" : "") + OPEN + call + tag));
            afterCall = false;
        }
        call.setLength(0);
        inCall = false;
    }

    @Override
    public void end(final Consumer<ToolDelta> deltas) {
        if (inCall) {
            // The model may end its turn without the closing tag.
            close("", deltas);
        }
        between.append(opening.end());
        flush(deltas);
    }
}
