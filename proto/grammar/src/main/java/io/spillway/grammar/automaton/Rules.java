package io.spillway.grammar.automaton;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Makes rules ready: builds their states, finds which can be empty and which can end at all, and removes what leads nowhere. */
public final class Rules {
    private Rules() {
    }

    /**
     * Makes a rule, and every rule that it can reach, ready to be followed.
     *
     * @param maxStates of all rules together
     * @throws SpillwayException when the grammar is too large, a rule is not defined, or a rule calls itself before it reads anything
     */
    public static void prepare(final Rule root, final int maxStates) {
        if (root.isReady()) {
            return;
        }
        final List<Rule> rules = build(root, maxStates);
        final Map<Rule, List<Rule>> callers = callers(rules);
        spread(rules, callers, Goal.NULLABLE);
        spread(rules, callers, Goal.PRODUCTIVE);
        for (final Rule rule : rules) {
            rule.ready(Trimmed.of(rule));
        }
        LeftCalls.measure(rules);
    }

    private static List<Rule> build(final Rule root, final int maxStates) {
        final Set<Rule> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        final List<Rule> rules = new ArrayList<>();
        final ArrayDeque<Rule> open = new ArrayDeque<>(List.of(root));
        final Inlining sizes = new Inlining();
        int left = maxStates;
        while (!open.isEmpty()) {
            final Rule rule = open.pop();
            if (rule.isReady() || !seen.add(rule)) {
                continue;
            }
            if (!rule.isDefined()) {
                throw new SpillwayException(ErrorCode.INVALID_VALUE, "the rule " + rule.name() + " is used and not defined");
            }
            if (rule.raw() == null) {
                rule.built(new NfaBuilder(left, sizes, true).build(rule.body()));
            }
            left -= Math.min(left, rule.raw().states());
            rules.add(rule);
            rule.raw().labels().forEach(label -> {
                if (label instanceof Rule called) {
                    open.push(called);
                }
            });
        }
        return rules;
    }

    private static Map<Rule, List<Rule>> callers(final List<Rule> rules) {
        final Map<Rule, List<Rule>> callers = new IdentityHashMap<>();
        for (final Rule rule : rules) {
            for (final Object label : rule.raw().labels()) {
                if (label instanceof Rule called) {
                    callers.computeIfAbsent(called, _ -> new ArrayList<>()).add(rule);
                }
            }
        }
        return callers;
    }

    /** What a rule may be found to be once rules that it calls are. */
    private enum Goal {
        NULLABLE {
            @Override
            boolean is(final Rule rule) {
                return rule.isNullable();
            }

            @Override
            void mark(final Rule rule) {
                rule.markNullable();
            }
        },
        PRODUCTIVE {
            @Override
            boolean is(final Rule rule) {
                return rule.isProductive();
            }

            @Override
            void mark(final Rule rule) {
                rule.markProductive();
            }
        };

        abstract boolean is(Rule rule);

        abstract void mark(Rule rule);

        boolean crosses(final Object label) {
            return label == null || label instanceof Rule rule && is(rule) || this == PRODUCTIVE && label instanceof ByteSet;
        }
    }

    private static void spread(final List<Rule> rules, final Map<Rule, List<Rule>> callers, final Goal goal) {
        final ArrayDeque<Rule> open = new ArrayDeque<>(rules);
        while (!open.isEmpty()) {
            final Rule rule = open.poll();
            if (!goal.is(rule) && reaches(rule.raw(), goal)) {
                goal.mark(rule);
                open.addAll(callers.getOrDefault(rule, List.of()));
            }
        }
    }

    private static boolean reaches(final RawNfa nfa, final Goal goal) {
        return reach(nfa, nfa.start(), false, goal).get(nfa.accept());
    }

    /** @return the states that {@code origin} reaches over edges that the goal crosses; or that reach it */
    private static BitSet reach(final RawNfa nfa, final int origin, final boolean backwards, final Goal goal) {
        final int[][] edges = edgesBy(nfa, backwards);
        final BitSet reached = new BitSet(nfa.states());
        final ArrayDeque<Integer> open = new ArrayDeque<>(List.of(origin));
        reached.set(origin);
        while (!open.isEmpty()) {
            for (final int edge : edges[open.pop()]) {
                final int next = backwards ? nfa.from(edge) : nfa.to(edge);
                if (!reached.get(next) && goal.crosses(nfa.labelOf(edge))) {
                    reached.set(next);
                    open.push(next);
                }
            }
        }
        return reached;
    }

    private static int[][] edgesBy(final RawNfa nfa, final boolean backwards) {
        final int[] count = new int[nfa.states()];
        for (int edge = 0; edge < nfa.edges(); edge++) {
            count[backwards ? nfa.to(edge) : nfa.from(edge)]++;
        }
        final int[][] edges = new int[nfa.states()][];
        for (int state = 0; state < edges.length; state++) {
            edges[state] = new int[count[state]];
        }
        for (int edge = nfa.edges() - 1; edge >= 0; edge--) {
            final int state = backwards ? nfa.to(edge) : nfa.from(edge);
            edges[state][--count[state]] = edge;
        }
        return edges;
    }

    /** @return the states that lie on some way from start to end, and can be ended */
    static BitSet live(final RawNfa nfa) {
        final BitSet live = reach(nfa, nfa.start(), false, Goal.PRODUCTIVE);
        live.and(reach(nfa, nfa.accept(), true, Goal.PRODUCTIVE));
        return live;
    }
}
