package io.spillway.node.speculation;

/**
 * Guesses how sequences go on. A guess may be anything: a wrong one costs time and changes no output.
 *
 * <p>A sequence has a slot, a small number, from {@link #open} to {@link #close}; a proposer keeps what it knows of it under that number.
 * Between the two calls the known tokens of the sequence only grow. Thread: the engine's.
 */
public interface Proposer extends AutoCloseable {
    /** Grades a token can have: 0 the least likely to be right. What a grade is worth is measured. */
    int GRADES = 12;

    /** @return one word, for metrics */
    String name();

    /** @return share of first tokens expected to be right before anything is measured, by grade: between 0 and 1 */
    double priorRate(int grade);

    /** @return whether {@link #propose} could do something for the sequence in {@code slot}: add tokens, or prepare to */
    boolean offers(int slot);

    /** @return whether {@link #propose} could add tokens for the sequence in {@code slot} at once; asked when another proposer did */
    default boolean isReady(final int slot) {
        return offers(slot);
    }

    /** A sequence begins to decode in {@code slot}. */
    void open(int slot, SpeculatedSequence sequence);

    /** The sequence in {@code slot} has ended or left the device. */
    void close(int slot);

    /** Adds tokens to those entries of {@code proposals} that are {@link Proposals#isOpenTo open to it}. */
    void propose(Proposals proposals);

    /** @return nanoseconds that the last {@link #propose} took because of what it proposed; 0 = next to nothing */
    default long lastNanos() {
        return 0;
    }

    /** Frees what it owns; no sequence is open. */
    @Override
    default void close() {
        // most own nothing
    }
}
