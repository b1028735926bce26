package io.spillway.node.engine;

import java.util.ArrayList;
import java.util.List;

/** A step from its assembly until it is settled: who computes how much in it. Refilled; single writer: the engine thread. */
final class StepInFlight {
    /** The sequence does not decode, or nobody was asked to guess for it. */
    static final int NO_GUESS = -1;

    private final List<Sequence> sequences = new ArrayList<>();
    private final int[] attempts;   // [sequencesMax], of the sequence when it was added
    private final int[] tokens;     // [sequencesMax], known or awaited ones; guesses not counted
    private final int[] guessEntry; // [sequencesMax], NO_GUESS for those without one
    private final boolean[] chooses; // [sequencesMax]
    private int decodeRows;
    private int prefillRows;
    private int guessedRows;
    private int rows;
    private long sinceNanos;

    StepInFlight(final int sequencesMax) {
        attempts = new int[sequencesMax];
        tokens = new int[sequencesMax];
        guessEntry = new int[sequencesMax];
        chooses = new boolean[sequencesMax];
    }

    void clear() {
        sequences.clear();
        decodeRows = 0;
        prefillRows = 0;
        guessedRows = 0;
        rows = 0;
    }

    /** Adds the next tokens of a sequence, which has not moved on by them yet. */
    void add(final Sequence sequence, final int tokenCount) {
        final int index = sequences.size();
        sequences.add(sequence);
        attempts[index] = sequence.attempt();
        tokens[index] = tokenCount;
        guessEntry[index] = NO_GUESS;
        rows += tokenCount;
        prefillRows += sequence.pendingTokens() > 1 ? tokenCount : 0;
        decodeRows += sequence.pendingTokens() > 1 || sequence.pool() != null ? 0 : 1;
    }

    /** The sequence moves on by its tokens of this step, and may await one. */
    void given(final int index) {
        chooses[index] = sequences.get(index).given(tokens[index], index);
    }

    void guesses(final int index, final int entry) {
        guessEntry[index] = entry;
    }

    void guessedRows(final int count) {
        guessedRows += count;
        rows += count;
    }

    void submittedAt(final long nanos) {
        sinceNanos = nanos;
    }

    int count() {
        return sequences.size();
    }

    Sequence sequence(final int index) {
        return sequences.get(index);
    }

    int tokens(final int index) {
        return tokens[index];
    }

    /** @return whether a token is chosen for the sequence */
    boolean chooses(final int index) {
        return chooses[index];
    }

    int guessEntry(final int index) {
        return guessEntry[index];
    }

    /** @return whether the sequence still waits for this step: it has not ended, nor been sent back */
    boolean isAwaited(final int index) {
        return !sequences.get(index).live().hasEnded() && sequences.get(index).attempt() == attempts[index];
    }

    /** @return sequences that computed one token to choose the next */
    int decodeRows() {
        return decodeRows;
    }

    int prefillRows() {
        return prefillRows;
    }

    int guessedRows() {
        return guessedRows;
    }

    /** @return rows of the step, guesses included */
    int rows() {
        return rows;
    }

    long sinceNanos() {
        return sinceNanos;
    }
}
