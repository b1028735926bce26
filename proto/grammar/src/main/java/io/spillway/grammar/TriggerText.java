package io.spillway.grammar;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.grammar.automaton.ByteSet;
import io.spillway.grammar.automaton.Expr;
import io.spillway.grammar.automaton.SpecialToken;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Free text that waits for triggers: a node for each beginning of a trigger that the text may just have written, so that the moment
 * one is complete is known (the automaton of Aho and Corasick).
 */
final class TriggerText {
    private static final int MAX_BYTES = 4_096;
    private static final int BYTES = 256;

    private final List<int[]> next = new ArrayList<>();
    /** By node: the trigger that is complete there; -1 for none. */
    private final List<Integer> complete = new ArrayList<>();

    TriggerText(final List<String> triggers) {
        node();
        int bytes = 0;
        for (int i = 0; i < triggers.size(); i++) {
            final byte[] text = triggers.get(i).getBytes(StandardCharsets.UTF_8);
            if (text.length == 0) {
                throw new SpillwayException(ErrorCode.INVALID_VALUE, "a trigger is an empty text");
            }
            bytes += text.length;
            if (bytes > MAX_BYTES) {
                throw new SpillwayException(ErrorCode.ABOVE_MAXIMUM, "triggers may have " + MAX_BYTES + " bytes together");
            }
            add(text, i);
            add(SpecialToken.bytes(text), i);
        }
        link();
    }

    private int node() {
        final int[] row = new int[BYTES];
        Arrays.fill(row, -1);
        next.add(row);
        complete.add(-1);
        return next.size() - 1;
    }

    private void add(final byte[] text, final int trigger) {
        int at = 0;
        for (final byte value : text) {
            final int[] row = next.get(at);
            if (row[value & 0xff] < 0) {
                row[value & 0xff] = node();
            }
            at = row[value & 0xff];
        }
        if (complete.get(at) < 0) {
            complete.set(at, trigger);
        }
    }

    /** Where no trigger goes on, the longest end of the text that begins one does; a trigger within another's beginning counts. */
    private void link() {
        final int[] shorter = new int[next.size()];
        final ArrayDeque<Integer> open = new ArrayDeque<>(List.of(0));
        while (!open.isEmpty()) {
            final int at = open.poll();
            for (int value = 0; value < BYTES; value++) {
                final int child = next.get(at)[value];
                final int otherwise = at == 0 ? 0 : next.get(shorter[at])[value];
                if (child < 0) {
                    next.get(at)[value] = otherwise;
                } else {
                    shorter[child] = otherwise;
                    if (complete.get(child) < 0) {
                        complete.set(child, complete.get(otherwise));
                    }
                    open.add(child);
                }
            }
        }
    }

    /**
     * @param follows what follows each trigger
     * @param again   whether free text follows that
     */
    Expr expr(final List<Expr> follows, final boolean again) {
        return expr(follows, again, true);
    }

    /** @return free text that does not end before the only trigger, and then {@code follows} */
    Expr until(final Expr follows) {
        return expr(List.of(follows), false, false);
    }

    /** @return free text in which no trigger is ever complete */
    Expr without() {
        return expr(List.of(), false, true);
    }

    private Expr expr(final List<Expr> follows, final boolean again, final boolean mayEnd) {
        final int nodes = next.size();
        final int end = nodes + follows.size();
        final List<Expr.Graph.Edge> edges = new ArrayList<>();
        for (int node = 0; node < nodes; node++) {
            if (complete.get(node) >= 0 && follows.isEmpty()) {
                continue;
            }
            if (complete.get(node) >= 0) {
                edges.add(new Expr.Graph.Edge(node, Expr.EMPTY, nodes + complete.get(node)));
                continue;
            }
            if (mayEnd) {
                edges.add(new Expr.Graph.Edge(node, Expr.EMPTY, end));
            }
            free(node, edges);
        }
        for (int i = 0; i < follows.size(); i++) {
            edges.add(new Expr.Graph.Edge(nodes + i, follows.get(i), again ? 0 : end));
        }
        return new Expr.Graph(end + 1, 0, end, edges);
    }

    private void free(final int node, final List<Expr.Graph.Edge> edges) {
        final ByteSet[] to = new ByteSet[next.size()];
        for (int value = 0; value < BYTES; value++) {
            final int target = next.get(node)[value];
            to[target] = to[target] == null ? ByteSet.of(value) : to[target].or(ByteSet.of(value));
        }
        for (int target = 0; target < to.length; target++) {
            if (to[target] != null) {
                edges.add(new Expr.Graph.Edge(node, new Expr.Bytes(to[target]), target));
            }
        }
    }
}
