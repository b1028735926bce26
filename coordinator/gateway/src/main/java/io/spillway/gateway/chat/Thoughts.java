package io.spillway.gateway.chat;

import io.spillway.grammar.GrammarSource;
import java.util.List;

/** Grammars of answers that begin with a thought. Stateless; any thread. */
final class Thoughts {
    private static final String OPEN = "<think>";
    private static final String CLOSE = "</think>";
    private static final GrammarSource BREAKS = new GrammarSource.Choice(List.of("", "\n", "\n\n"));

    private Thoughts() {
    }

    /** @return free thought, then {@code answer}; the thought may be left out where it is only possible */
    static GrammarSource before(final GrammarSource answer, final ChatModel.Thought thought) {
        final GrammarSource behind = new GrammarSource.Until(CLOSE, new GrammarSource.Sequence(List.of(BREAKS, answer)));
        return switch (thought) {
            case NONE -> answer;
            case OPEN -> behind;
            case POSSIBLE -> new GrammarSource.AnyOf(List.of(
                new GrammarSource.Sequence(List.of(BREAKS, new GrammarSource.Marker(OPEN), behind)), answer));
        };
    }
}
