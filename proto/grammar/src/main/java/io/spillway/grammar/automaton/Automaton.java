package io.spillway.grammar.automaton;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A rule's states. Deterministic ones are sets of these, made when input first reaches them and kept; when they become too many,
 * all are forgotten and made anew as needed, so that no grammar can fill the memory. Any thread.
 */
final class Automaton {
    /**
     * States that no {@value} bytes can tell apart count as the same for tokens of at most so many bytes: a string of at most
     * 1,000 characters needs few masks, not 1,000.
     */
    static final int NEAR_BYTES = 32;
    private static final int MAX_KEPT_INTS = 2_000_000;
    private static final int BYTES = 256;

    /** Where reading begins and where it ends; -1 when there is no way between. */
    record Ends(int start, int accept) {
    }

    /** All that an automaton consists of. */
    record Layout(ByteSet[] sets, Rule[] callees, Trimmed.Edges bytes, Trimmed.Edges calls, Trimmed.Edges epsilons,
            int[] canonical, Ends ends) {
    }

    private final Rule rule;
    private final Layout layout;
    private final int[] classOf;
    private final int classes;
    private final PlainText.Samples plainSamples;
    private final AtomicInteger keptInts = new AtomicInteger();
    private volatile ConcurrentHashMap<DfaState.Key, DfaState> kept = new ConcurrentHashMap<>();
    private volatile DfaState start;

    Automaton(final Rule rule, final Layout layout) {
        this.rule = rule;
        this.layout = layout;
        this.classOf = classes(layout.sets());
        this.plainSamples = PlainText.Samples.of(classOf);
        this.classes = Arrays.stream(classOf).max().orElse(0) + 1;
    }

    /** Bytes that no set tells apart are one class. */
    private static int[] classes(final ByteSet[] sets) {
        final int[] classOf = new int[BYTES];
        int count = 1;
        for (final ByteSet set : sets) {
            final int[] inside = new int[count];
            final int[] outside = new int[count];
            Arrays.fill(inside, -1);
            Arrays.fill(outside, -1);
            int next = 0;
            for (int b = 0; b < BYTES; b++) {
                final int[] half = set.contains(b) ? inside : outside;
                if (half[classOf[b]] < 0) {
                    half[classOf[b]] = next++;
                }
                classOf[b] = half[classOf[b]];
            }
            count = next;
        }
        return classOf;
    }

    Rule rule() {
        return rule;
    }

    /** @return the class of each byte */
    int[] classOf() {
        return classOf;
    }

    PlainText.Samples plainSamples() {
        return plainSamples;
    }

    int classes() {
        return classes;
    }

    DfaState start() {
        DfaState first = start;
        if (first == null) {
            final IntSet closed = new IntSet();
            if (layout.ends().start() >= 0) {
                close(layout.ends().start(), new IntSet(), closed);
            }
            first = intern(closed.sorted());
            start = first;
        }
        return first;
    }

    /** Adds what {@code state} and all that it reaches without reading can do. */
    private void close(final int state, final IntSet visited, final IntSet closed) {
        final IntSet open = new IntSet();
        open.push(state);
        while (!open.isEmpty()) {
            final int at = open.pop();
            if (!visited.add(at)) {
                continue;
            }
            final boolean acts = layout.bytes().begin(at) < layout.bytes().end(at) || layout.calls().begin(at) < layout.calls().end(at);
            if (acts || at == layout.ends().accept()) {
                closed.add(at);
            }
            for (int edge = layout.epsilons().begin(at); edge < layout.epsilons().end(at); edge++) {
                open.push(layout.epsilons().target(edge));
            }
        }
    }

    DfaState step(final DfaState from, final int value) {
        final IntSet visited = new IntSet();
        final IntSet closed = new IntSet();
        for (final int state : from.members()) {
            for (int edge = layout.bytes().begin(state); edge < layout.bytes().end(state); edge++) {
                if (layout.sets()[layout.bytes().label(edge)].contains(value)) {
                    close(layout.bytes().target(edge), visited, closed);
                }
            }
        }
        return closed.isEmpty() ? DfaState.DEAD : intern(closed.sorted());
    }

    DfaState.Call[] calls(final DfaState from) {
        final List<DfaState.Call> calls = new ArrayList<>();
        for (int callee = 0; callee < layout.callees().length; callee++) {
            final IntSet visited = new IntSet();
            final IntSet closed = new IntSet();
            for (final int state : from.members()) {
                for (int edge = layout.calls().begin(state); edge < layout.calls().end(state); edge++) {
                    if (layout.calls().label(edge) == callee) {
                        close(layout.calls().target(edge), visited, closed);
                    }
                }
            }
            if (!closed.isEmpty()) {
                calls.add(new DfaState.Call(layout.callees()[callee], intern(closed.sorted())));
            }
        }
        return calls.toArray(DfaState.Call[]::new);
    }

    boolean hasCalls(final int[] members) {
        return leaves(members, layout.calls());
    }

    boolean hasBytes(final int[] members) {
        return leaves(members, layout.bytes());
    }

    private static boolean leaves(final int[] members, final Trimmed.Edges edges) {
        for (final int state : members) {
            if (edges.begin(state) < edges.end(state)) {
                return true;
            }
        }
        return false;
    }

    boolean isFinal(final int[] members) {
        return Arrays.binarySearch(members, layout.ends().accept()) >= 0;
    }

    DfaState union(final DfaState a, final DfaState b) {
        final IntSet all = new IntSet();
        for (final int state : a.members()) {
            all.add(state);
        }
        for (final int state : b.members()) {
            all.add(state);
        }
        return intern(all.sorted());
    }

    DfaState canonical(final DfaState state) {
        final IntSet same = new IntSet();
        boolean moved = false;
        for (final int member : state.members()) {
            moved |= layout.canonical()[member] != member;
            same.add(layout.canonical()[member]);
        }
        return moved ? intern(same.sorted()) : state;
    }

    private DfaState intern(final int[] members) {
        final DfaState.Key key = new DfaState.Key(members);
        final DfaState known = kept.get(key);
        if (known != null) {
            return known;
        }
        // Each state also holds a row of successors.
        if (keptInts.addAndGet(members.length + classes) > MAX_KEPT_INTS) {
            keptInts.set(0);
            kept = new ConcurrentHashMap<>();
            start = null;
        }
        final DfaState made = new DfaState(this, members);
        final DfaState first = kept.putIfAbsent(key, made);
        return first == null ? made : first;
    }
}
