package io.spillway.grammar.automaton;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Texts that several expressions without calls have in common. */
public final class Intersection {
    private static final int MAX_PART_STATES = 100_000;

    private final List<DfaState> starts;
    private final RawNfa nfa;
    private final int accept;
    private final Map<List<DfaState>, Integer> numbers = new HashMap<>();
    private final ArrayDeque<List<DfaState>> open = new ArrayDeque<>();

    private Intersection(final List<DfaState> starts, final int maxStates) {
        this.starts = starts;
        this.nfa = new RawNfa(maxStates);
        this.accept = nfa.state();
    }

    /**
     * @param name      what error messages call the rule
     * @param exprs     without calls, at least one
     * @param maxStates of the result
     * @return a rule that is to be prepared like any other; it may have no text at all
     * @throws SpillwayException when it would have more states
     */
    public static Rule of(final String name, final List<Expr> exprs, final int maxStates) {
        return new Rule(name).define(new Intersection(starts(name, exprs), maxStates).build());
    }

    /** @return whether the expressions, without calls, have no text in common */
    public static boolean isEmpty(final List<Expr> exprs, final int maxStates) {
        final Rule rule = of("intersection", exprs, maxStates);
        Rules.prepare(rule, maxStates);
        return !rule.isProductive();
    }

    private static List<DfaState> starts(final String name, final List<Expr> exprs) {
        return exprs.stream().map(expr -> {
            final Rule part = new Rule(name).define(new NfaBuilder(MAX_PART_STATES, new Inlining(), false).build(expr));
            Rules.prepare(part, MAX_PART_STATES);
            return part.start();
        }).toList();
    }

    private RawNfa build() {
        nfa.ends(number(starts), accept);
        while (!open.isEmpty()) {
            final List<DfaState> at = open.poll();
            final int from = numbers.get(at);
            if (at.stream().allMatch(DfaState::isFinal)) {
                nfa.epsilon(from, accept);
            }
            final Map<List<DfaState>, ByteSet> targets = new HashMap<>();
            for (int value = 0; value < 256; value++) {
                final List<DfaState> next = step(at, value);
                if (next != null) {
                    targets.merge(next, ByteSet.of(value), ByteSet::or);
                }
            }
            targets.forEach((next, bytes) -> nfa.bytes(from, bytes, number(next)));
        }
        return nfa;
    }

    private static List<DfaState> step(final List<DfaState> at, final int value) {
        final DfaState[] next = new DfaState[at.size()];
        for (int i = 0; i < next.length; i++) {
            next[i] = at.get(i).next(value);
            if (next[i] == DfaState.DEAD) {
                return null;
            }
        }
        return Arrays.asList(next);
    }

    private int number(final List<DfaState> at) {
        final Integer known = numbers.get(at);
        if (known != null) {
            return known;
        }
        try {
            final int state = nfa.state();
            numbers.put(at, state);
            open.add(at);
            return state;
        } catch (final SpillwayException tooLarge) {
            throw new SpillwayException(ErrorCode.ABOVE_MAXIMUM,
                "the conditions on one value are together too complex; loosen or drop one of them", tooLarge);
        }
    }
}
