package io.spillway.grammar.mask;

import io.spillway.grammar.automaton.DfaState;
import io.spillway.grammar.automaton.Frame;
import io.spillway.grammar.automaton.Threads;
import java.util.HashMap;
import java.util.Map;

/**
 * The ways of reading that one walk meets, each once, so that most steps of the walk are look-ups: what follows a letter of a name is
 * what follows the letter before. Owned by one walk.
 */
final class Readings {
    /** Beyond so many, those known are forgotten; a walk that meets more gains little from them. */
    private static final int MAX_KEPT = 2_000;

    private final Map<Reading, Reading> known = new HashMap<>();
    private Threads scratch = new Threads();

    /** @param threads not changed any more */
    Reading of(final Threads threads) {
        return keep(new Reading(threads));
    }

    /** @return what it is to be in one state on a stack, its calls begun or without any */
    Reading of(final DfaState state, final Frame frame) {
        scratch.only(state, frame);
        return keepScratch();
    }

    private Reading keepScratch() {
        final Reading made = new Reading(scratch);
        final Reading first = keep(made);
        if (first == made) {
            scratch = new Threads();
        }
        return first;
    }

    private Reading keep(final Reading reading) {
        final Reading first = known.get(reading);
        if (first != null) {
            return first;
        }
        if (known.size() == MAX_KEPT) {
            known.clear();
        }
        known.put(reading, reading);
        return reading;
    }

    Reading step(final Reading from, final int value) {
        final Reading found = from.next(value);
        if (found != null) {
            return found;
        }
        final Reading next;
        if (scratch.step(from.threads(), value)) {
            next = keepScratch();
        } else {
            next = Reading.DEAD;
        }
        from.next(value, next);
        return next;
    }
}
