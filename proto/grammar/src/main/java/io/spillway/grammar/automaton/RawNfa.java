package io.spillway.grammar.automaton;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** States and edges under construction. An edge reads one byte of a set, calls a rule, or does nothing. Owned by its builder. */
final class RawNfa {
    /** Label of an edge that reads nothing. */
    static final int EPSILON = -1;

    private final int maxStates;
    private final Map<Object, Integer> labelIds = new HashMap<>();
    private final List<Object> labels = new ArrayList<>();
    private int[] from = new int[16];
    private int[] label = new int[16];
    private int[] to = new int[16];
    private int[] canonical = new int[16];
    private int edges;
    private int states;
    private int start;
    private int accept;

    RawNfa(final int maxStates) {
        this.maxStates = maxStates;
    }

    int state() {
        if (states == maxStates) {
            throw new SpillwayException(ErrorCode.ABOVE_MAXIMUM, "the grammar is too large: more than " + maxStates + " states");
        }
        if (states == canonical.length) {
            canonical = Arrays.copyOf(canonical, states * 2);
        }
        canonical[states] = states;
        return states++;
    }

    void bytes(final int source, final ByteSet set, final int target) {
        if (!set.isEmpty()) {
            edge(source, id(set), target);
        }
    }

    void call(final int source, final Rule rule, final int target) {
        edge(source, id(rule), target);
    }

    void epsilon(final int source, final int target) {
        if (source != target) {
            edge(source, EPSILON, target);
        }
    }

    private int id(final Object key) {
        final Integer known = labelIds.putIfAbsent(key, labels.size());
        if (known == null) {
            labels.add(key);
        }
        return known == null ? labels.size() - 1 : known;
    }

    private void edge(final int source, final int id, final int target) {
        if (edges == from.length) {
            from = Arrays.copyOf(from, edges * 2);
            label = Arrays.copyOf(label, edges * 2);
            to = Arrays.copyOf(to, edges * 2);
        }
        from[edges] = source;
        label[edges] = id;
        to[edges++] = target;
    }

    void ends(final int first, final int last) {
        start = first;
        accept = last;
    }

    /** Says that {@code state} cannot be told from {@code same} by a few bytes; see {@link Automaton#NEAR_BYTES}. */
    void canonical(final int state, final int same) {
        canonical[state] = canonical[same];
    }

    int canonicalOf(final int state) {
        return canonical[state];
    }

    int start() {
        return start;
    }

    int accept() {
        return accept;
    }

    int states() {
        return states;
    }

    int edges() {
        return edges;
    }

    int from(final int edge) {
        return from[edge];
    }

    int to(final int edge) {
        return to[edge];
    }

    int label(final int edge) {
        return label[edge];
    }

    /** @return a {@link ByteSet} or a {@link Rule}; null for an edge that reads nothing */
    Object labelOf(final int edge) {
        return label[edge] == EPSILON ? null : labels.get(label[edge]);
    }

    /** @return every {@link ByteSet} and {@link Rule} that some edge has */
    List<Object> labels() {
        return labels;
    }
}
