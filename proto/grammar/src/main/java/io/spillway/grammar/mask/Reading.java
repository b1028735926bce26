package io.spillway.grammar.mask;

import io.spillway.grammar.automaton.DfaState;
import io.spillway.grammar.automaton.Threads;

/** All ways of reading at one point of a walk, and where each byte leads from there. Owned by its {@link Readings}. */
final class Reading {
    /** Where a byte leads that may not be read. */
    static final Reading DEAD = new Reading(new Threads());

    private final Threads threads;
    private final Reading[] next = new Reading[256];
    private final int plainRun;
    private final long weight;

    /** @param threads not changed any more */
    Reading(final Threads threads) {
        this.threads = threads;
        int run = 0;
        // Threads are compared with each other at every step.
        long sum = threads.size() < 2 ? 0 : (long) threads.size() * threads.size() / 2;
        for (int i = 0; i < threads.size(); i++) {
            run = Math.max(run, threads.state(i).plainRun());
            sum += threads.state(i).weight();
        }
        this.plainRun = run;
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

    /** @return whether any text of so many plain characters may follow */
    boolean takes(final int plainChars) {
        return plainChars <= plainRun && plainChars != TokenTrie.NOT_PLAIN;
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
