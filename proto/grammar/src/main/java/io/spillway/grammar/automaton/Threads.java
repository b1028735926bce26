package io.spillway.grammar.automaton;

import java.util.Arrays;

/**
 * All ways of reading the text so far that may still come to an end: states on stacks. Owned by one thread. Stepping allocates
 * nothing once the states and stacks that it meets have been met.
 */
public final class Threads {
    /**
     * More ways than these are not followed: those that came last are dropped. What is left can still come to an end, so that a
     * grammar of unbounded ambiguity accepts less, never wrongly.
     */
    private static final int MAX_THREADS = 64;

    private DfaState[] states = new DfaState[4];
    private Frame[] frames = new Frame[4];
    private boolean[] returned = new boolean[4];
    private int size;
    private boolean atBottom;
    private final Pending pending = new Pending();

    /** Holds nothing. */
    public void clear() {
        Arrays.fill(states, 0, size, null);
        Arrays.fill(frames, 0, size, null);
        size = 0;
        atBottom = false;
    }

    /** Begins a rule on a stack. */
    public void begin(final Rule rule, final Frame stack) {
        clear();
        enter(rule.start(), stack);
        // An empty text ends no rule here: callers know which rules can be empty.
        call();
        dropIdle();
        atBottom = rule.isNullable();
    }

    /** Holds one state on a stack, as it is after its calls have become threads of their own. */
    public void only(final DfaState state, final Frame stack) {
        clear();
        enter(state, stack);
    }

    /** Goes on from a state to which a rule has returned. */
    public void resume(final DfaState state, final Frame stack) {
        clear();
        enter(state, stack);
        close();
    }

    /** Becomes what another is. */
    public void set(final Threads other) {
        clear();
        ensure(other.size);
        System.arraycopy(other.states, 0, states, 0, other.size);
        System.arraycopy(other.frames, 0, frames, 0, other.size);
        size = other.size;
        atBottom = other.atBottom;
    }

    /**
     * Reads one byte: becomes what {@code from} is after it.
     *
     * @param from another object, unchanged
     * @return false: the byte may not come here; then this holds nothing
     */
    public boolean step(final Threads from, final int value) {
        clear();
        boolean plain = true;
        for (int i = 0; i < from.size; i++) {
            final DfaState next = from.states[i].next(value);
            if (next != DfaState.DEAD) {
                enter(next, from.frames[i]);
                plain &= next.isPlain();
            }
        }
        if (!plain) {
            close();
        }
        return size > 0 || atBottom;
    }

    private void close() {
        ret();
        call();
        dropIdle();
    }

    /** Where a rule may end, goes on after it too. */
    private void ret() {
        Arrays.fill(returned, 0, size, false);
        boolean changed = true;
        while (changed) {
            changed = false;
            for (int i = 0; i < size; i++) {
                if (!returned[i] && states[i].isFinal()) {
                    returned[i] = true;
                    changed = true;
                    final Frame frame = frames[i];
                    atBottom |= frame.links() == 0;
                    for (int link = 0; link < frame.links(); link++) {
                        enter(frame.after(link), frame.below(link));
                    }
                }
            }
        }
    }

    /** Begins the rules that may be called, each once, whoever calls it. */
    private void call() {
        for (int i = 0; i < size; i++) {
            pending.addAll(states[i], frames[i]);
        }
        while (!pending.isEmpty()) {
            final Rule rule = pending.takeHighest();
            final Frame stack = pending.stack();
            final DfaState start = rule.start();
            enter(start, stack);
            pending.addAll(start, stack);
        }
    }

    private void enter(final DfaState state, final Frame frame) {
        for (int i = 0; i < size; i++) {
            if (frames[i].isSame(frame) && states[i].owner() == state.owner()) {
                final DfaState both = states[i].or(state);
                if (both != states[i]) {
                    // More may be done now than what has been followed.
                    returned[i] &= both.isFinal() == states[i].isFinal();
                    states[i] = both;
                }
                return;
            }
        }
        if (size < MAX_THREADS) {
            ensure(size + 1);
            states[size] = state;
            frames[size] = frame;
            returned[size++] = false;
        }
    }

    private void ensure(final int least) {
        if (least > states.length) {
            final int length = Math.max(least, states.length * 2);
            states = Arrays.copyOf(states, length);
            frames = Arrays.copyOf(frames, length);
            returned = Arrays.copyOf(returned, length);
        }
    }

    /** States that read nothing have done their part. */
    private void dropIdle() {
        int kept = 0;
        for (int i = 0; i < size; i++) {
            if (states[i].hasBytes()) {
                states[kept] = states[i];
                frames[kept++] = frames[i];
            }
        }
        Arrays.fill(states, kept, size, null);
        Arrays.fill(frames, kept, size, null);
        size = kept;
    }

    /** @return whether another object holds the same threads in the same order */
    public boolean isSame(final Threads other) {
        if (size != other.size || atBottom != other.atBottom) {
            return false;
        }
        for (int i = 0; i < size; i++) {
            if (states[i] != other.states[i] || frames[i] != other.frames[i]) {
                return false;
            }
        }
        return true;
    }

    /** @return how many there are */
    public int size() {
        return size;
    }

    /** @return the state of one */
    public DfaState state(final int thread) {
        return states[thread];
    }

    /** @return the stack of one */
    public Frame frame(final int thread) {
        return frames[thread];
    }

    /** @return whether the first rule may have ended with the last byte */
    public boolean atBottom() {
        return atBottom;
    }

    /** @return the only byte that may come next; -1 when there are several or none, or the text may end */
    public int onlyByte() {
        int only = -1;
        for (int i = 0; i < size; i++) {
            final int one = states[i].onlyByte();
            if (atBottom || one < 0 || only >= 0 && one != only) {
                return -1;
            }
            only = one;
        }
        return only;
    }
}
