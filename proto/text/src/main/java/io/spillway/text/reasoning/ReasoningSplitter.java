package io.spillway.text.reasoning;

import io.spillway.text.stream.StopScanner;
import java.util.List;
import java.util.function.Consumer;

/**
 * Parts an output that may begin with a thought into thought and content. Only what stands at the very beginning is a thought: tags further on
 * are content. Line breaks next to the tags belong to them, since templates write them there. A thought that is never closed is a thought to
 * its end. Owned by one thread.
 */
public final class ReasoningSplitter {
    static final String OPEN = "<think>";
    static final String CLOSE = "</think>";

    private final StopScanner closing = new StopScanner(List.of(CLOSE));
    private final StringBuilder held = new StringBuilder();
    private State state;
    private boolean told;

    private enum State {
        /** So far nothing but white space and perhaps part of the opening tag. */
        UNDECIDED,
        /** In the thought. */
        THINKING,
        /** Behind it, at line breaks that belong to its end. */
        BEHIND,
        /** In the answer. */
        ANSWERING
    }

    /** @param open whether the prompt has opened the thought already */
    public ReasoningSplitter(final boolean open) {
        this.state = open ? State.THINKING : State.UNDECIDED;
    }

    /** @return whether the thought has begun and not ended */
    public boolean thinking() {
        return state == State.THINKING;
    }

    /** Takes more text; hands on what has become certain. */
    public void accept(final String text, final Consumer<String> thought, final Consumer<String> content) {
        if (text.isEmpty()) {
            return;
        }
        switch (state) {
            case UNDECIDED -> decide(text, thought, content);
            case THINKING -> think(text, thought, content);
            case BEHIND -> answer(text, content);
            case ANSWERING -> content.accept(text);
        }
    }

    private void decide(final String text, final Consumer<String> thought, final Consumer<String> content) {
        held.append(text);
        final String begun = held.toString().stripLeading();
        if (begun.startsWith(OPEN)) {
            held.setLength(0);
            state = State.THINKING;
            accept(begun.substring(OPEN.length()), thought, content);
        } else if (!OPEN.startsWith(begun)) {
            state = State.ANSWERING;
            content.accept(release());
        }
    }

    private void think(final String text, final Consumer<String> thought, final Consumer<String> content) {
        // Character by character: what follows the tag in the same piece must not be lost.
        for (int i = 0; i < text.length(); i++) {
            tell(closing.accept(text.substring(i, i + 1)), thought);
            if (closing.stopped()) {
                held.setLength(0);
                state = State.BEHIND;
                accept(text.substring(i + 1), thought, content);
                return;
            }
        }
    }

    /** Line breaks at either end of the thought are not told: they wait for more of it. */
    private void tell(final String certain, final Consumer<String> thought) {
        held.append(certain);
        int end = held.length();
        while (end > 0 && isBreak(held.charAt(end - 1))) {
            end--;
        }
        if (end == 0) {
            if (!told) {
                held.setLength(0);
            }
            return;
        }
        told = true;
        thought.accept(held.substring(0, end));
        held.delete(0, end);
    }

    private void answer(final String text, final Consumer<String> content) {
        int from = 0;
        while (from < text.length() && isBreak(text.charAt(from))) {
            from++;
        }
        if (from < text.length()) {
            state = State.ANSWERING;
            content.accept(text.substring(from));
        }
    }

    private static boolean isBreak(final char c) {
        return c == '\n' || c == '\r';
    }

    /** The output is complete: hands on what was held back. Call once. */
    public void end(final Consumer<String> thought, final Consumer<String> content) {
        if (state == State.THINKING) {
            tell(closing.end(), thought);
        } else if (!held.isEmpty()) {
            content.accept(release());
        }
    }

    private String release() {
        final String text = held.toString();
        held.setLength(0);
        return text;
    }
}
