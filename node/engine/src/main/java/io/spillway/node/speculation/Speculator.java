package io.spillway.node.speculation;

import io.spillway.node.runner.StepOutcomes;
import java.util.ArrayList;
import java.util.List;
import org.agrona.collections.Object2IntHashMap;

/**
 * Guesses for the decoding sequences of a step, and learning from what became of them: {@link #sweep}, {@link #begin}, {@link #offer}
 * per sequence, {@link #propose}, the step itself, {@link #settle} per entry, {@link #stepTook}.
 *
 * <p>Single writer: the engine thread. No allocation in a step, but what proposers keep per sequence.
 */
public final class Speculator {
    /** Logits of guesses take at most 64 MiB on top. */
    private static final int LOGITS_MAX = 1 << 24;
    private static final int NO_SLOT = -1;
    /** So often guesses are computed although that does not seem to pay, or the first proposer is heard although another seems better. */
    private static final int PROBE_EVERY = 48;
    /** After so many steps without a guess that was worth computing, steps may run ahead. */
    private static final int BARREN_STEPS_MIN = 8;

    private final Speculation setup;
    private final List<Proposer> proposers;
    private final AcceptanceRates rates;
    private final Proposals proposals;
    private final RowChoice choice;
    private final StepCost cost = new StepCost();
    private final int guessedRowsMax;
    private final Object2IntHashMap<SpeculatedSequence> slots = new Object2IntHashMap<>(NO_SLOT);
    private final List<SpeculatedSequence> bySlot = new ArrayList<>(); // null: free
    private final int[] guessed;   // [entriesMax], tokens before the choice
    private final long[] guesses;  // [proposers + 1], the last: forced
    private final long[] proposed; // [proposers + 1]
    private final long[] accepted; // [proposers + 1]
    private final String[] names;  // [proposers + 1]
    private long stepCount;
    private long draftNanos;
    private long unpaidSteps;
    private long askedSteps;
    private long barrenSteps; // since a guess was computed last
    private long aheadSteps;  // since guesses were asked for last
    private RowChoice.Step step = new RowChoice.Step(0, 0);

    /** @param sequencesMax most sequences of a step */
    public record Limits(int vocabularySize, int sequencesMax) {
    }

    public Speculator(final Speculation setup, final Limits limits) {
        this.setup = setup;
        proposers = setup.proposers();
        rates = new AcceptanceRates(proposers);
        proposals = new Proposals(
            new Proposals.Limits(limits.vocabularySize(), limits.sequencesMax(), setup.tokensMax()), rates, cost);
        choice = new RowChoice(limits.sequencesMax(), setup.tokensMax());
        guessedRowsMax = Math.max(setup.tokensMax(), LOGITS_MAX / limits.vocabularySize());
        guessed = new int[limits.sequencesMax()];
        guesses = new long[proposers.size() + 1];
        proposed = new long[proposers.size() + 1];
        accepted = new long[proposers.size() + 1];
        names = new String[proposers.size() + 1];
        for (int p = 0; p < proposers.size(); p++) {
            names[p] = proposers.get(p).name();
        }
        names[proposers.size()] = SpeculationCounts.FORCED;
    }

    /** @return most tokens guessed per sequence and step */
    public int tokensMax() {
        return setup.tokensMax();
    }

    /** Forgets sequences that have left the device. */
    public void sweep() {
        for (int slot = 0; slot < bySlot.size(); slot++) {
            final SpeculatedSequence sequence = bySlot.get(slot);
            if (sequence != null && !sequence.onDevice()) {
                slots.remove(sequence);
                bySlot.set(slot, null);
                for (int p = 0; p < proposers.size(); p++) {
                    proposers.get(p).close(slot);
                }
            }
        }
    }

    /** @param rows of the step without guesses @param rowsLeft of its budget */
    public void begin(final int rows, final int rowsLeft) {
        proposals.clear(rows);
        step = new RowChoice.Step(rows, Math.min(rowsLeft, guessedRowsMax));
    }

    /**
     * Offers a sequence that decodes in this step.
     *
     * @param limit most tokens that a guess may have
     * @return its entry
     */
    public int offer(final SpeculatedSequence sequence, final int limit) {
        return proposals.add(sequence, proposers.isEmpty() ? 0 : slotOf(sequence), Math.min(limit, step.rowsLeft()));
    }

    private int slotOf(final SpeculatedSequence sequence) {
        int slot = slots.getValue(sequence);
        if (slot == NO_SLOT) {
            slot = bySlot.indexOf(null);
            if (slot < 0) {
                slot = bySlot.size();
                bySlot.add(null);
            }
            bySlot.set(slot, sequence);
            slots.put(sequence, slot);
            rates.open(slot);
            for (int p = 0; p < proposers.size(); p++) {
                proposers.get(p).open(slot, sequence);
            }
        }
        return slot;
    }

    /**
     * @return whether the next step may be given away before the outcome of this one is known, without anybody asked to guess: so it is when guesses
     *         have not been worth computing lately; now and then they are asked for all the same
     */
    public boolean mayRunAhead() {
        return proposers.isEmpty() || barrenSteps >= BARREN_STEPS_MIN && aheadSteps < PROBE_EVERY;
    }

    /** A step has run ahead. */
    public void ranAhead() {
        aheadSteps++;
    }

    /** Asks proposers and decides what is computed. */
    public void propose() {
        aheadSteps = 0;
        barrenSteps++;
        if (proposals.count() == 0 || step.rowsLeft() == 0) {
            return;
        }
        askedSteps++;
        for (int p = 0; p < proposers.size(); p++) {
            ask(p);
        }
        for (int entry = 0; entry < proposals.count(); entry++) {
            proposals.appendForced(entry);
            guessed[entry] = proposals.size(entry);
        }
        decide();
    }

    private void ask(final int proposer) {
        boolean isAsked = false;
        proposals.ask(proposer);
        for (int entry = 0; entry < proposals.count(); entry++) {
            if (proposers.get(proposer).offers(proposals.slot(entry)) && (proposer == 0 || isBetter(proposer, entry))) {
                proposals.open(entry, proposer);
                isAsked = true;
            }
        }
        if (isAsked) {
            proposers.get(proposer).propose(proposals);
            draftNanos += proposers.get(proposer).lastNanos();
        }
    }

    /** @return whether the next proposer promises more than what the entry holds; now and then it is not asked, to keep comparing */
    private boolean isBetter(final int proposer, final int entry) {
        final int first = proposals.forcedCount(entry);
        if (proposals.size(entry) == first) {
            return true;
        }
        return askedSteps % PROBE_EVERY != 0 && proposers.get(proposer).isReady(proposals.slot(entry)) && proposals.expectation(entry)
            > rates.rate(proposals.proposer(entry, first), proposals.grade(entry, first), proposals.slot(entry));
    }

    private void decide() {
        final boolean isProbe = unpaidSteps >= PROBE_EVERY;
        final int kept = choice.cut(proposals, rates, cost, step, !setup.isAdaptive() || isProbe);
        boolean isGuessed = false;
        for (int entry = 0; entry < proposals.count(); entry++) {
            isGuessed |= guessed[entry] > 0;
        }
        barrenSteps = kept > 0 ? 0 : barrenSteps;
        unpaidSteps = kept > 0 ? 0 : unpaidSteps + (isGuessed ? 1 : 0);
    }

    /** @return tokens of the entry's guess that are computed in this step */
    public int count(final int entry) {
        return proposals.size(entry);
    }

    /** @return the guess; longer than {@link #count}; valid until {@link #begin} */
    public int[] tokens(final int entry) {
        return proposals.tokens(entry);
    }

    /** Shortens a guess, because there is no room for it. */
    public void shorten(final int entry, final int count) {
        proposals.keep(entry, count);
    }

    /**
     * Learns what was chosen for an entry. Also of tokens that were guessed and not computed: as far as the output tells.
     *
     * @param index of the sequence in {@code outcomes}
     */
    public void settle(final int entry, final StepOutcomes outcomes, final int index) {
        count(entry, outcomes.accepted(index));
        final int chosen = outcomes.chosenCount(index);
        for (int i = 0; i < Math.min(guessed[entry], chosen); i++) {
            final boolean isRight = proposals.tokens(entry)[i] == outcomes.chosen(index, i);
            rates.observe(proposals.proposer(entry, i), proposals.grade(entry, i), proposals.slot(entry), isRight);
            if (!isRight) {
                return;
            }
        }
    }

    private void count(final int entry, final int acceptedTokens) {
        int before = Integer.MIN_VALUE;
        for (int i = 0; i < proposals.size(entry); i++) {
            final int proposer = proposals.proposer(entry, i);
            final int place = proposer == Proposals.FORCED ? proposers.size() : proposer;
            guesses[place] += proposer == before ? 0 : 1;
            proposed[place]++;
            accepted[place] += i < acceptedTokens ? 1 : 0;
            before = proposer;
        }
    }

    /** Learns how long the step took. @param rows of it, guesses included @param guessedRows of them @param prefillRows of them */
    public void stepTook(final int rows, final int guessedRows, final int prefillRows, final long nanos) {
        stepCount += guessedRows > 0 ? 1 : 0;
        if (prefillRows == 0) {
            cost.observe(rows, nanos);
        }
    }

    /** @return totals since the start */
    public SpeculationCounts counts() {
        final List<SpeculationCounts.Of> all = new ArrayList<>(names.length);
        for (int p = 0; p < names.length; p++) {
            all.add(new SpeculationCounts.Of(names[p], guesses[p], proposed[p], accepted[p]));
        }
        return new SpeculationCounts(stepCount, all, draftNanos);
    }
}
