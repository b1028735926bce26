package io.spillway.text.tools;

import io.spillway.text.stream.StopScanner;
import java.util.List;
import java.util.function.Consumer;

/** The arguments of a call whose name is certain, told as they come, until their object ends or the call does. Owned by one thread. */
final class StreamedArguments {
    private final int index;
    private final StopScanner closing;
    private final StringBuilder ready = new StringBuilder();
    private final StringBuilder rest = new StringBuilder();
    private int depth;
    private boolean quoted;
    private boolean escaped;
    private boolean complete;

    /**
     * @param index of the call, which has been told
     * @param close what ends the call wherever it stands; never told
     */
    StreamedArguments(final int index, final String close) {
        this.index = index;
        this.closing = new StopScanner(List.of(close));
    }

    void accept(final char c) {
        take(closing.accept(String.valueOf(c)));
    }

    private void take(final String certain) {
        for (int i = 0; i < certain.length(); i++) {
            take(certain.charAt(i));
        }
    }

    private void take(final char c) {
        if (complete) {
            rest.append(c);
            return;
        }
        ready.append(c);
        if (escaped) {
            escaped = false;
        } else if (quoted) {
            escaped = c == '\\';
            quoted = c != '"';
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if (c == '}' || c == ']') {
            complete = --depth == 0;
        }
    }

    /** Tells what has become certain. A pair of surrogates is never parted. */
    void flush(final Consumer<ToolDelta> deltas) {
        final boolean half = !ready.isEmpty() && Character.isHighSurrogate(ready.charAt(ready.length() - 1));
        final int end = ready.length() - (half ? 1 : 0);
        if (end > 0) {
            deltas.accept(new ToolDelta.CallArguments(index, ready.substring(0, end)));
            ready.delete(0, end);
        }
    }

    /**
     * The call is over.
     *
     * @return what stands behind the arguments, but for the brace that ends a call
     */
    String end(final Consumer<ToolDelta> deltas) {
        take(closing.end());
        flush(deltas);
        final String behind = rest.toString().strip();
        return behind.startsWith("}") ? rest.substring(rest.indexOf("}") + 1) : rest.toString();
    }
}
