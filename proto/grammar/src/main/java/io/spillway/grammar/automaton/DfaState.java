package io.spillway.grammar.automaton;

import java.util.Arrays;

/**
 * A deterministic state of one rule: what may be read from here within the rule, whether the rule may end here, and which rules it
 * may call. Successors are found on first use; any thread.
 */
public final class DfaState {
    /** Where a byte leads that may not be read. */
    public static final DfaState DEAD = new DfaState(null, new int[0]);
    /** As {@link PlainText.Run#chars}: any number. */
    public static final int ANY_NUMBER = 255;
    private static final int MAX_RUN = Automaton.NEAR_BYTES;
    private static final int UNKNOWN = -2;
    private static final Call[] NO_CALLS = {};

    private final Automaton owner;
    private final int[] members;
    private final boolean isFinal;
    private final boolean hasBytes;
    private final boolean plain;
    private final int[] classOf;
    private final DfaState[] next;
    private Call[] calls;
    private DfaState canonical;
    private PlainText.Run[] plainRuns;
    private PlainText.Step[] plainSteps;
    private int onlyByte = UNKNOWN;

    /**
     * A rule that may be called.
     *
     * @param after the state to go on from when it ends
     */
    record Call(Rule rule, DfaState after) {
    }

    /** Members by value. */
    record Key(int[] members) {
        @Override
        public boolean equals(final Object other) {
            return other instanceof Key(final int[] others) && Arrays.equals(members, others);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(members);
        }
    }

    DfaState(final Automaton owner, final int[] members) {
        this.owner = owner;
        this.members = members;
        this.isFinal = owner != null && owner.isFinal(members);
        this.hasBytes = owner != null && owner.hasBytes(members);
        this.next = new DfaState[owner == null ? 0 : owner.classes()];
        this.classOf = owner == null ? null : owner.classOf();
        this.calls = owner == null || !owner.hasCalls(members) ? NO_CALLS : null;
        this.plain = hasBytes && !isFinal && calls == NO_CALLS;
    }

    /** @return the state after one byte, 0 to 255; {@link #DEAD} when it may not come */
    public DfaState next(final int value) {
        final int byteClass = classOf[value];
        final DfaState known = next[byteClass];
        if (known != null) {
            return known;
        }
        final DfaState found = owner.step(this, value);
        // Threads that get here at once store the same state, or equal ones.
        next[byteClass] = found;
        return found;
    }

    Call[] calls() {
        Call[] found = calls;
        if (found == null) {
            found = owner.calls(this);
            calls = found;
        }
        return found;
    }

    /** @return whether following it takes no more than following its bytes: it neither ends its rule nor calls another */
    public boolean isPlain() {
        return plain;
    }

    /** @return whether other rules may be called here */
    public boolean hasCalls() {
        return calls != NO_CALLS;
    }

    /** @return whether the rule may end here */
    public boolean isFinal() {
        return isFinal;
    }

    /** @return whether any byte may be read here, calls aside */
    public boolean hasBytes() {
        return hasBytes;
    }

    /** @return whether the rule ends here, whatever comes */
    boolean onlyEnds() {
        return isFinal && !hasBytes && calls() == NO_CALLS;
    }

    int[] members() {
        return members;
    }

    /** @return how many states of the automaton it stands for: what a step from it costs */
    public int weight() {
        return members.length;
    }

    Automaton owner() {
        return owner;
    }

    /** @return whether its rule is used by many grammars */
    public boolean isShared() {
        return owner.rule().isShared();
    }

    /** @return whether another thread, of the caller of its rule, reads the next {@link #nearBytes} bytes in every way that this one does */
    public boolean isCovered() {
        return owner.rule().isCovered();
    }

    DfaState or(final DfaState other) {
        return other == this ? this : owner.union(this, other);
    }

    /** @return a state that no token of up to {@link #nearBytes} bytes can tell from this one, the same for many */
    public DfaState canonical() {
        DfaState found = canonical;
        if (found == null) {
            found = owner.canonical(this);
            canonical = found;
        }
        return found;
    }

    /** @return how far {@link #canonical} holds */
    public static int nearBytes() {
        return Automaton.NEAR_BYTES;
    }

    /** @return the only byte that may be read here within the rule; -1 when there are several or none */
    int onlyByte() {
        int found = onlyByte;
        if (found == UNKNOWN) {
            found = -1;
            for (int value = 0; value < 256; value++) {
                if (next(value) != DEAD) {
                    if (found >= 0) {
                        found = -1;
                        break;
                    }
                    found = value;
                }
            }
            onlyByte = found;
        }
        return found;
    }

    /**
     * How much text of an alphabet may follow: a token of so many characters needs no look at its bytes.
     *
     * @param alphabet see {@link PlainText#ALPHABETS}
     */
    public PlainText.Run plainRun(final int alphabet) {
        PlainText.Run[] runs = plainRuns;
        if (runs == null) {
            runs = new PlainText.Run[PlainText.ALPHABETS];
            plainRuns = runs;
        }
        PlainText.Run run = runs[alphabet];
        if (run == null) {
            run = PlainText.run(this, alphabet, MAX_RUN);
            runs[alphabet] = run;
        }
        return run;
    }

    PlainText.Step plainStep(final int alphabet) {
        PlainText.Step[] steps = plainSteps;
        if (steps == null) {
            steps = new PlainText.Step[PlainText.ALPHABETS];
            plainSteps = steps;
        }
        PlainText.Step step = steps[alphabet];
        if (step == null) {
            step = PlainText.after(this, owner.plainSamples(), alphabet);
            steps[alphabet] = step;
        }
        return step;
    }
}
