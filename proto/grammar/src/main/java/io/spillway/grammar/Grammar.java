package io.spillway.grammar;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.grammar.automaton.Expr;
import io.spillway.grammar.automaton.Frame;
import io.spillway.grammar.automaton.Rule;
import io.spillway.grammar.automaton.Rules;
import io.spillway.grammar.automaton.Threads;
import java.util.List;

/** A source that was read, checked and made ready to be followed, whatever the model. Any thread. */
public final class Grammar {
    private static final int MAX_STATES = 400_000;

    private final GrammarSource source;
    private final Rule root;
    private final List<String> notes;

    private Grammar(final GrammarSource source, final Rule root, final List<String> notes) {
        this.source = source;
        this.root = root;
        this.notes = notes;
    }

    /**
     * Reads a source. Takes time and memory in bounds, whatever the source.
     *
     * @throws SpillwayException for what is malformed ({@code INVALID_*}, {@code MISSING_FIELD}), not supported ({@code UNSUPPORTED})
     *                           or too large ({@code ABOVE_MAXIMUM}); of a schema, with the JSON pointer of the keyword as its field
     */
    public static Grammar of(final GrammarSource source) {
        final SourceReader reader = new SourceReader();
        final Expr expr = reader.read(source);
        final Rule root = new Rule("root").define(expr);
        Rules.prepare(root, MAX_STATES);
        if (!root.isProductive()) {
            throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "#", "no output satisfies this grammar");
        }
        return new Grammar(source, root, reader.notes());
    }

    /** @return what it was read from */
    public GrammarSource source() {
        return source;
    }

    /** @return one sentence for each condition that outputs may break, since it cannot be kept; empty for strict schemas */
    public List<String> notes() {
        return notes;
    }

    /** @return whether a whole output, as UTF-8, satisfies it */
    public boolean accepts(final byte[] output) {
        Threads now = new Threads();
        Threads next = new Threads();
        now.begin(root, Frame.bottom());
        for (final byte value : output) {
            if (!next.step(now, value & 0xff)) {
                return false;
            }
            final Threads before = now;
            now = next;
            next = before;
        }
        return now.atBottom();
    }

    Rule root() {
        return root;
    }
}
