package io.spillway.node.speculation;

import io.spillway.node.sampling.TokenConstraint;

/**
 * The guesses of one step: per decoding sequence the tokens that may follow its last known one, who proposed each, and its grade. Made
 * once, refilled every step. Tokens that a constraint forbids are never held; those it forces are added without asking anybody.
 * Single writer: the engine thread.
 */
public final class Proposals {
    /** Proposer of tokens that a constraint leaves no choice about. */
    static final int FORCED = -1;
    private static final int NOBODY = -2;
    /** The cost of a row is an average over the next few: kernels work on several at a time. */
    private static final int SLOPE_ROWS = 4;

    private final int vocabularySize;
    private final int tokensMax;
    private final SpeculatedSequence[] sequences; // [entriesMax]
    private final int[] slots;                    // [entriesMax]
    private final int[] limits;                   // [entriesMax]
    private final int[] counts;                   // [entriesMax]
    private final int[] forcedCounts;             // [entriesMax], leading ones
    private final boolean[] closed;               // [entriesMax], no token can follow those held
    private final int[] openTo;                   // [entriesMax], proposer that is asked
    private final int[][] tokens;                 // [entriesMax][tokensMax]
    private final byte[][] proposers;             // [entriesMax][tokensMax]
    private final byte[][] grades;                // [entriesMax][tokensMax]
    private final TokenConstraint[] ahead;        // [entriesMax], state behind the tokens held; null: no constraint
    private final double[] chances;               // [entriesMax], that all tokens held are right
    private final AcceptanceRates rates;
    private final StepCost cost;
    private int rows;
    private int held;
    private double gain;
    private double spentNanos;
    private int asking = NOBODY;
    private int count;

    /** @param entriesMax most sequences of a step @param tokensMax most tokens guessed per sequence */
    record Limits(int vocabularySize, int entriesMax, int tokensMax) {
    }

    Proposals(final Limits limit, final AcceptanceRates rates, final StepCost cost) {
        vocabularySize = limit.vocabularySize();
        tokensMax = limit.tokensMax();
        this.rates = rates;
        this.cost = cost;
        final int entriesMax = limit.entriesMax();
        sequences = new SpeculatedSequence[entriesMax];
        slots = new int[entriesMax];
        limits = new int[entriesMax];
        counts = new int[entriesMax];
        forcedCounts = new int[entriesMax];
        closed = new boolean[entriesMax];
        openTo = new int[entriesMax];
        tokens = new int[entriesMax][tokensMax];
        proposers = new byte[entriesMax][tokensMax];
        grades = new byte[entriesMax][tokensMax];
        ahead = new TokenConstraint[entriesMax];
        chances = new double[entriesMax];
    }

    /** Forgets everything. @param newRows of the step without guesses */
    void clear(final int newRows) {
        java.util.Arrays.fill(sequences, 0, count, null);
        java.util.Arrays.fill(ahead, 0, count, null);
        count = 0;
        rows = newRows;
        held = 0;
        gain = newRows;
        spentNanos = 0;
    }

    /** Begins an entry, with the tokens that its constraint forces. @return its index */
    int add(final SpeculatedSequence sequence, final int slot, final int limit) {
        final int entry = count++;
        sequences[entry] = sequence;
        slots[entry] = slot;
        limits[entry] = Math.min(limit, tokensMax);
        counts[entry] = 0;
        closed[entry] = false;
        chances[entry] = 1;
        openTo[entry] = NOBODY;
        ahead[entry] = sequence.constraint() == null ? null : sequence.constraint().copy();
        appendForced(entry);
        forcedCounts[entry] = counts[entry];
        return entry;
    }

    /** Adds what the constraint leaves no choice about behind the tokens held. */
    void appendForced(final int entry) {
        while (ahead[entry] != null && !isFull(entry)) {
            final int forced = ahead[entry].forced();
            if (forced == TokenConstraint.NONE || !append(entry, forced, FORCED, Proposer.GRADES - 1)) {
                return;
            }
        }
    }

    /** Lets a proposer add to an entry, behind its forced tokens: what another one proposed is dropped. */
    void open(final int entry, final int proposer) {
        if (counts[entry] > forcedCounts[entry]) {
            truncate(entry, forcedCounts[entry]);
        }
        openTo[entry] = proposer;
    }

    void ask(final int proposer) {
        asking = proposer;
    }

    /** Keeps the first {@code kept} tokens. Nothing can be added behind them any more. */
    void keep(final int entry, final int kept) {
        counts[entry] = Math.min(counts[entry], kept);
        closed[entry] = true;
    }

    private void truncate(final int entry, final int kept) {
        double together = 1;
        for (int i = 0; i < counts[entry]; i++) {
            together *= rates.rate(proposers[entry][i], grades[entry][i], slots[entry]);
            gain -= i >= kept ? together : 0;
        }
        held -= counts[entry] - kept;
        counts[entry] = kept;
        closed[entry] = false;
        chances[entry] = 1; // what is kept is forced
        if (ahead[entry] != null) {
            ahead[entry] = sequences[entry].constraint().copy();
            for (int i = 0; i < kept; i++) {
                ahead[entry].advance(tokens[entry][i]);
            }
        }
    }

    /** @return entries of this step */
    public int count() {
        return count;
    }

    /** @return whether the proposer that is being asked may add to the entry */
    public boolean isOpenTo(final int entry) {
        return openTo[entry] == asking && !isFull(entry);
    }

    /** @return slot of the entry's sequence */
    public int slot(final int entry) {
        return slots[entry];
    }

    /** @return the entry's sequence */
    public SpeculatedSequence sequence(final int entry) {
        return sequences[entry];
    }

    /** @return tokens that may still be added */
    public int room(final int entry) {
        return closed[entry] ? 0 : limits[entry] - counts[entry];
    }

    /** @return tokens held */
    public int size(final int entry) {
        return counts[entry];
    }

    /** @return known tokens of the sequence and those held here */
    public int length(final int entry) {
        return sequences[entry].knownTokens() + counts[entry];
    }

    /** @return the token at {@code position} of the sequence, known or held here */
    public int tokenAt(final int entry, final int position) {
        final int known = sequences[entry].knownTokens();
        return position < known ? sequences[entry].token(position) : tokens[entry][position - known];
    }

    /** @return whether {@link #tokenNanos} and {@link #rowNanos} mean anything yet */
    public boolean isPriced() {
        return cost.isKnown();
    }

    /** @return nanoseconds per token that this step is expected to yield, with all tokens held here and what was spent on them */
    public double tokenNanos() {
        return (cost.nanos(rows + held) + spentNanos) / gain;
    }

    /** @return nanoseconds that one more row is expected to add to this step */
    public double rowNanos() {
        return Math.max(0, cost.nanos(rows + held + SLOPE_ROWS) - cost.nanos(rows + held)) / SLOPE_ROWS;
    }

    /** Notes time spent on guessing in this step. */
    public void spend(final double nanos) {
        spentNanos += nanos;
    }

    double spentNanos() {
        return spentNanos;
    }

    /** @return probability that all tokens held are right, as measured so far */
    public double chance(final int entry) {
        return chances[entry];
    }

    /** @return probability that a next token of the proposer that is being asked would be right if those before it are */
    public double expectation(final int entry) {
        return rates.expectation(asking, slots[entry]);
    }

    /**
     * Says which token the entry's constraint allows next.
     *
     * @param mask out, see {@link TokenConstraint#fillMask}
     * @return false: all, and the mask is untouched
     */
    public boolean fillMask(final int entry, final long[] mask) {
        if (ahead[entry] == null) {
            return false;
        }
        ahead[entry].fillMask(mask);
        return true;
    }

    /**
     * Adds the next token of an entry.
     *
     * @param token of the vocabulary
     * @param grade how sure the proposer is, below {@link Proposer#GRADES}
     * @return whether another may follow
     */
    public boolean add(final int entry, final int token, final int grade) {
        if (!isOpenTo(entry) || token < 0 || token >= vocabularySize) {
            return false;
        }
        return append(entry, token, asking, grade);
    }

    private boolean append(final int entry, final int token, final int proposer, final int grade) {
        if (ahead[entry] != null && !ahead[entry].advance(token)) {
            openTo[entry] = NOBODY; // what is forced may still follow
            return false;
        }
        final int at = counts[entry]++;
        tokens[entry][at] = token;
        proposers[entry][at] = (byte) proposer;
        grades[entry][at] = (byte) Math.clamp(grade, 0, Proposer.GRADES - 1);
        chances[entry] *= rates.rate(proposer, grades[entry][at], slots[entry]);
        gain += chances[entry];
        held++;
        closed[entry] = sequences[entry].stopsAt(token);
        return !isFull(entry);
    }

    private boolean isFull(final int entry) {
        return closed[entry] || counts[entry] >= limits[entry];
    }

    /** @return tokens held, from 0; borrowed, longer than {@link #size} */
    int[] tokens(final int entry) {
        return tokens[entry];
    }

    int forcedCount(final int entry) {
        return forcedCounts[entry];
    }

    int proposer(final int entry, final int i) {
        return proposers[entry][i];
    }

    int grade(final int entry, final int i) {
        return grades[entry][i];
    }
}
