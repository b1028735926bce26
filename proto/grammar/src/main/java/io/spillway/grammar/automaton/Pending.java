package io.spillway.grammar.automaton;

import java.util.Arrays;

/** Calls that wait to be begun. Those of one rule are begun together, on a stack that returns to every caller. Owned by one thread. */
final class Pending {
    private Rule[] rules = new Rule[4];
    private DfaState[] after = new DfaState[4];
    private Frame[] below = new Frame[4];
    private int size;
    private Frame stack;

    void addAll(final DfaState state, final Frame frame) {
        for (final DfaState.Call call : state.calls()) {
            if (!contains(call, frame)) {
                add(call, frame);
            }
        }
    }

    private boolean contains(final DfaState.Call call, final Frame frame) {
        for (int i = 0; i < size; i++) {
            if (rules[i] == call.rule() && after[i] == call.after() && below[i] == frame) {
                return true;
            }
        }
        return false;
    }

    private void add(final DfaState.Call call, final Frame frame) {
        if (size == rules.length) {
            rules = Arrays.copyOf(rules, size * 2);
            after = Arrays.copyOf(after, size * 2);
            below = Arrays.copyOf(below, size * 2);
        }
        rules[size] = call.rule();
        after[size] = call.after();
        below[size++] = frame;
    }

    boolean isEmpty() {
        return size == 0;
    }

    /** @return the rule to begin next: no other that waits can still lead to a call of it. Its {@link #stack} is ready then */
    Rule takeHighest() {
        Rule highest = rules[0];
        for (int i = 1; i < size; i++) {
            if (rules[i].leftHeight() > highest.leftHeight()) {
                highest = rules[i];
            }
        }
        int callers = 0;
        int first = -1;
        for (int i = size - 1; i >= 0; i--) {
            if (rules[i] == highest) {
                callers++;
                first = i;
            }
        }
        stack = callers == 1 ? single(after[first], below[first]) : joined(highest, callers);
        remove(highest);
        return highest;
    }

    /** A call that is the last thing its caller does returns to the caller's own callers. */
    private static Frame single(final DfaState state, final Frame frame) {
        return state.onlyEnds() ? frame : frame.push(state);
    }

    private Frame joined(final Rule rule, final int callers) {
        final DfaState[] states = new DfaState[callers];
        final Frame[] frames = new Frame[callers];
        int next = 0;
        for (int i = 0; i < size; i++) {
            if (rules[i] == rule) {
                states[next] = after[i];
                frames[next++] = below[i];
            }
        }
        return Frame.of(states, frames);
    }

    private void remove(final Rule rule) {
        int kept = 0;
        for (int i = 0; i < size; i++) {
            if (rules[i] != rule) {
                rules[kept] = rules[i];
                after[kept] = after[i];
                below[kept++] = below[i];
            }
        }
        Arrays.fill(rules, kept, size, null);
        Arrays.fill(after, kept, size, null);
        Arrays.fill(below, kept, size, null);
        size = kept;
    }

    Frame stack() {
        return stack;
    }
}
