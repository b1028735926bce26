package io.spillway.grammar.mask;

import io.spillway.grammar.automaton.DfaState;
import io.spillway.grammar.automaton.PlainText;
import io.spillway.grammar.automaton.Threads;

/** All ways of reading at one point of a walk, and where each byte leads from there. Owned by its {@link Readings}. */
final class Reading {
    /** Where a byte leads that may not be read. */
    static final Reading DEAD = new Reading(new Threads());

    private final Threads threads;
    private final Reading[] next = new Reading[256];
    private final int[] run = {-1, -1, -1, -1};
    private final long weight;

    /** @param threads not changed any more */
    Reading(final Threads threads) {
        this.threads = threads;
        // Threads are compared with each other at every step.
        long sum = threads.size() < 2 ? 0 : (long) threads.size() * threads.size() / 2;
        for (int i = 0; i < threads.size(); i++) {
            sum += threads.state(i).weight();
        }
        this.weight = sum;
    }

    Threads threads() {
        return threads;
    }

    Reading next(final int value) {
        return next[value];
    }

    void next(final int value, final Reading reading) {
        next[value] = reading;
    }

    /** @return whether there is but one way, and it leads on within its rule alone */
    boolean isPlain() {
        return threads.size() == 1 && !threads.atBottom() && threads.state(0).isPlain();
    }

    /** @return whether any text of so many characters of an alphabet may follow */
    boolean takes(final int alphabet, final int chars) {
        return alphabet < PlainText.ALPHABETS && (chars <= run(PlainText.ALPHABETS - 1) || chars <= run(alphabet));
    }

    private int run(final int alphabet) {
        if (run[alphabet] < 0) {
            int longest = 0;
            for (int i = 0; i < threads.size(); i++) {
                longest = Math.max(longest, threads.state(i).plainRun(alphabet).chars());
            }
            run[alphabet] = longest;
        }
        return run[alphabet];
    }

    /** @return what a step from it costs */
    long weight() {
        return weight;
    }

    boolean ends() {
        return threads.atBottom();
    }

    boolean goesOn() {
        return threads.size() > 0;
    }

    @Override
    public boolean equals(final Object other) {
        return other instanceof Reading that && threads.isSame(that.threads);
    }

    @Override
    public int hashCode() {
        int hash = threads.atBottom() ? 1 : 0;
        for (int i = 0; i < threads.size(); i++) {
            final DfaState state = threads.state(i);
            hash = 31 * (31 * hash + System.identityHashCode(state)) + System.identityHashCode(threads.frame(i));
        }
        return hash;
    }
}
