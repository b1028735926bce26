package io.spillway.grammar.automaton;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/** Calls that a rule makes before it reads anything. They must not lead back to the rule, and threads follow them in order of height. */
final class LeftCalls {
    private final Map<Rule, Visit> visits = new IdentityHashMap<>();

    private LeftCalls() {
    }

    /** A rule whose left calls are being looked at, and how many of them were. */
    private static final class Visit {
        private final Rule rule;
        private final DfaState.Call[] calls;
        private int looked;
        private boolean done;

        Visit(final Rule rule) {
            this.rule = rule;
            this.calls = rule.start().calls();
        }
    }

    /** Finds the height of every rule. */
    static void measure(final List<Rule> rules) {
        final LeftCalls left = new LeftCalls();
        for (final Rule rule : rules) {
            left.measure(rule);
        }
    }

    private void measure(final Rule rule) {
        if (visits.containsKey(rule)) {
            return;
        }
        final Deque<Visit> path = new ArrayDeque<>();
        path.push(open(rule));
        while (!path.isEmpty()) {
            final Visit visit = path.peek();
            if (visit.looked == visit.calls.length) {
                visit.done = true;
                path.pop();
                continue;
            }
            final Rule called = visit.calls[visit.looked].rule();
            final Visit known = visits.get(called);
            if (known == null) {
                path.push(open(called));
            } else if (!known.done) {
                throw new SpillwayException(ErrorCode.UNSUPPORTED,
                    "the rule " + called.name() + " calls itself before it reads anything (left recursion through another rule)");
            } else {
                visit.rule.leftHeight(Math.max(visit.rule.leftHeight(), called.leftHeight() + 1));
                visit.looked++;
            }
        }
    }

    private Visit open(final Rule rule) {
        final Visit visit = new Visit(rule);
        visits.put(rule, visit);
        return visit;
    }
}
