package io.spillway.grammar.automaton;

/**
 * A stack of states to return to, from the top down. Where several ways of reading the same text call one rule, a frame has
 * several links. Immutable, shared by all stacks that stand on it; any thread.
 */
public final class Frame {
    private static final DfaState[] NO_STATES = {};
    private static final Frame[] NO_FRAMES = {};

    private final DfaState[] after;
    private final Frame[] below;
    private Frame lastChild;

    private Frame(final DfaState[] after, final Frame[] below) {
        this.after = after;
        this.below = below;
    }

    /** @return the bottom of a stack: where a rule ends on it, the whole text may end */
    public static Frame bottom() {
        return new Frame(NO_STATES, NO_FRAMES);
    }

    static Frame of(final DfaState[] after, final Frame[] below) {
        return new Frame(after, below);
    }

    /** @return a frame with one link: return to {@code state}, on this stack */
    Frame push(final DfaState state) {
        final Frame known = lastChild;
        if (known != null && known.after[0] == state) {
            return known;
        }
        final Frame made = new Frame(new DfaState[] {state}, new Frame[] {this});
        lastChild = made;
        return made;
    }

    /** @return how many ways there are to return; 0 at the bottom */
    public int links() {
        return after.length;
    }

    /** @return the state to return to */
    public DfaState after(final int link) {
        return after[link];
    }

    /** @return the stack to return to it on */
    public Frame below(final int link) {
        return below[link];
    }

    boolean isSame(final Frame other) {
        return this == other || after.length == 1 && other.after.length == 1 && after[0] == other.after[0] && below[0] == other.below[0];
    }
}
