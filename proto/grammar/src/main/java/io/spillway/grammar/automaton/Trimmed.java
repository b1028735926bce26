package io.spillway.grammar.automaton;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** From states under construction to an automaton: dead states and edges go, the rest lies densely. */
final class Trimmed {
    private final RawNfa nfa;
    private final BitSet live;
    private final int[] number;
    private final int size;

    private Trimmed(final RawNfa nfa) {
        this.nfa = nfa;
        this.live = Rules.live(nfa);
        this.number = new int[nfa.states()];
        Arrays.fill(number, -1);
        int next = 0;
        for (int state = live.nextSetBit(0); state >= 0; state = live.nextSetBit(state + 1)) {
            number[state] = next++;
        }
        this.size = next;
    }

    /** @return the automaton of a rule whose states are built and whose callees are known to be nullable, productive or not */
    static Automaton of(final Rule rule) {
        final Trimmed trimmed = new Trimmed(rule.raw());
        return new Automaton(rule, trimmed.layout());
    }

    private Automaton.Layout layout() {
        final Map<Object, Integer> ids = new HashMap<>();
        final List<ByteSet> sets = new ArrayList<>();
        final List<Rule> callees = new ArrayList<>();
        final Edges bytes = new Edges(size);
        final Edges calls = new Edges(size);
        final Edges epsilons = new Edges(size);
        for (int pass = 0; pass < 2; pass++) {
            for (int edge = 0; edge < nfa.edges(); edge++) {
                final int from = number[nfa.from(edge)];
                final int to = number[nfa.to(edge)];
                if (from < 0 || to < 0) {
                    continue;
                }
                switch (nfa.labelOf(edge)) {
                    case null -> epsilons.put(from, 0, to);
                    case ByteSet set -> bytes.put(from, ids.computeIfAbsent(set, key -> add(sets, (ByteSet) key)), to);
                    case Rule rule when rule.isProductive() -> {
                        calls.put(from, ids.computeIfAbsent(rule, key -> add(callees, (Rule) key)), to);
                        if (rule.isNullable()) {
                            epsilons.put(from, 0, to);
                        }
                    }
                    default -> {
                        // A call that can never end.
                    }
                }
            }
            bytes.lay();
            calls.lay();
            epsilons.lay();
        }
        return new Automaton.Layout(sets.toArray(ByteSet[]::new), callees.toArray(Rule[]::new), bytes, calls, epsilons,
            canonical(), new Automaton.Ends(number[nfa.start()], number[nfa.accept()]));
    }

    private int[] canonical() {
        final int[] canonical = new int[size];
        for (int state = live.nextSetBit(0); state >= 0; state = live.nextSetBit(state + 1)) {
            final int same = number[nfa.canonicalOf(state)];
            canonical[number[state]] = same < 0 ? number[state] : same;
        }
        return canonical;
    }

    private static <T> int add(final List<T> list, final T value) {
        list.add(value);
        return list.size() - 1;
    }

    /** Edges by the state that they leave, in two passes: the first counts, the second places. */
    static final class Edges {
        private final int[] offset;
        private final int[] cursor;
        private int[] labels;
        private int[] targets;

        Edges(final int states) {
            this.offset = new int[states + 1];
            this.cursor = new int[states];
        }

        void put(final int from, final int label, final int to) {
            if (targets == null) {
                offset[from + 1]++;
            } else {
                final int at = offset[from] + cursor[from]++;
                labels[at] = label;
                targets[at] = to;
            }
        }

        void lay() {
            if (targets == null) {
                for (int i = 1; i < offset.length; i++) {
                    offset[i] += offset[i - 1];
                }
                labels = new int[offset[offset.length - 1]];
                targets = new int[labels.length];
            }
        }

        int begin(final int state) {
            return offset[state];
        }

        int end(final int state) {
            return offset[state + 1];
        }

        int label(final int edge) {
            return labels[edge];
        }

        int target(final int edge) {
            return targets[edge];
        }
    }
}
