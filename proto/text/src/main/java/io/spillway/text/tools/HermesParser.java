package io.spillway.text.tools;

import io.spillway.text.stream.StopScanner;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Calls in tags. A call that begins with its name is told at once, and its arguments as they come; one written in another way once it is
 * complete. One newline before a call belongs to the call, since templates write it there: rendering the history again gives the
 * tokens that the model wrote. White space after a call is dropped.
 */
final class HermesParser implements ToolCallParser {
    private static final String OPEN = "<tool_call>";
    private static final String CLOSE = "</tool_call>";
    /** The beginning of a call after which nothing but its arguments can come. */
    private static final Pattern HEAD =
        Pattern.compile("\\s*\\{\\s*\"name\"\\s*:\\s*\"([^\"\\\\]+)\"\\s*,\\s*\"(?:arguments|parameters)\"\\s*:\\s*\\{");
    private static final int HEAD_CHARS_MAX = 1024;

    private StopScanner opening = opening();
    private final StringBuilder between = new StringBuilder();
    private final StringBuilder call = new StringBuilder();
    private StreamedArguments arguments; // null: the call's head is not certain yet
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
        if (arguments != null) {
            arguments.flush(deltas);
        }
    }

    private void step(final char c, final Consumer<ToolDelta> deltas) {
        if (inCall) {
            call.append(c);
            if (arguments != null) {
                arguments.accept(c);
            } else if (c == '{') {
                begin(deltas);
            }
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

    private void begin(final Consumer<ToolDelta> deltas) {
        final Matcher head = HEAD.matcher(call);
        if (call.length() <= HEAD_CHARS_MAX && head.matches()) {
            deltas.accept(new ToolDelta.CallStart(calls, "", head.group(1)));
            arguments = new StreamedArguments(calls++, CLOSE);
            arguments.accept('{');
        }
    }

    private void close(final String tag, final Consumer<ToolDelta> deltas) {
        if (arguments == null) {
            closeHeld(tag, deltas);
        } else {
            closeStreamed(deltas);
        }
        call.setLength(0);
        inCall = false;
    }

    /** Fields behind the arguments say nothing; what is no part of a call is content. */
    private void closeStreamed(final Consumer<ToolDelta> deltas) {
        final String behind = arguments.end(deltas);
        arguments = null;
        afterCall = behind.isBlank() || WrittenCall.all(call.toString()).isPresent();
        if (!afterCall) {
            deltas.accept(new ToolDelta.Content(behind));
        }
    }

    private void closeHeld(final String tag, final Consumer<ToolDelta> deltas) {
        final Optional<List<WrittenCall>> written = WrittenCall.all(call.toString()).filter(list -> list.size() == 1);
        if (written.isPresent()) {
            written.get().getFirst().tell(calls++, deltas);
            afterCall = true;
        } else {
            deltas.accept(new ToolDelta.Content((newlineBefore ? "\n" : "") + OPEN + call + tag));
            afterCall = false;
        }
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
