package io.spillway.grammar.automaton;

import java.util.Arrays;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/** Turns an expression into states. Owned by one thread. */
final class NfaBuilder {
    /** A counted repetition of more states than this is cut into equal pieces that one rule stands for. */
    private static final int SPLIT_STATES = 12_000;
    private static final int SPLIT_TIMES = 64;

    private final RawNfa nfa;
    private final Inlining sizes;
    private final boolean split;
    private final Map<Expr.Repeat, Expr> pieces = new IdentityHashMap<>();

    /**
     * @param sizes what is known of the rules
     * @param split whether long repetitions may become rules; not where the result must be without calls
     */
    NfaBuilder(final int maxStates, final Inlining sizes, final boolean split) {
        this.nfa = new RawNfa(maxStates);
        this.sizes = sizes;
        this.split = split;
    }

    RawNfa build(final Expr expr) {
        final int start = nfa.state();
        final int accept = nfa.state();
        nfa.ends(start, accept);
        add(expr, start, accept);
        return nfa;
    }

    private void add(final Expr expr, final int from, final int to) {
        switch (expr) {
            case Expr.Bytes(final ByteSet set) -> nfa.bytes(from, set, to);
            case Expr.Literal(final byte[] bytes) -> literal(bytes, from, to);
            case Expr.Choice(final List<byte[]> texts) -> choice(texts, from, to);
            case Expr.Seq(final List<Expr> parts) -> seq(parts, from, to);
            case Expr.Alt(final List<Expr> branches) -> alt(branches, from, to);
            case Expr.Repeat repeat -> repeat(repeat, from, to);
            case Expr.Call(final Rule rule) -> call(rule, from, to);
            case Expr.Graph graph -> graph(graph, from, to);
        }
    }

    private void call(final Rule rule, final int from, final int to) {
        final Expr copied = sizes.bodyOf(rule);
        if (copied == null) {
            nfa.call(from, rule, to);
        } else {
            add(copied, from, to);
        }
    }

    private void literal(final byte[] bytes, final int from, final int to) {
        int at = from;
        for (int i = 0; i < bytes.length; i++) {
            final int next = i == bytes.length - 1 ? to : nfa.state();
            nfa.bytes(at, ByteSet.of(bytes[i] & 0xff), next);
            at = next;
        }
        if (bytes.length == 0) {
            nfa.epsilon(from, to);
        }
    }

    /** Common beginnings become common states: sorted, each text leaves its predecessor's path where they part. */
    private void choice(final List<byte[]> texts, final int from, final int to) {
        final byte[][] sorted = texts.toArray(byte[][]::new);
        Arrays.sort(sorted, Comparator.comparing(bytes -> bytes, Arrays::compareUnsigned));
        final int longest = Arrays.stream(sorted).mapToInt(bytes -> bytes.length).max().orElse(0);
        final int[] path = new int[longest + 1];
        path[0] = nfa.state();
        nfa.epsilon(from, path[0]);
        byte[] previous = {};
        for (final byte[] text : sorted) {
            final int mismatch = Arrays.mismatch(previous, text);
            for (int i = mismatch < 0 ? text.length : mismatch; i < text.length; i++) {
                path[i + 1] = nfa.state();
                nfa.bytes(path[i], ByteSet.of(text[i] & 0xff), path[i + 1]);
            }
            nfa.epsilon(path[text.length], to);
            previous = text;
        }
    }

    private void seq(final List<Expr> parts, final int from, final int to) {
        int at = from;
        for (int i = 0; i < parts.size(); i++) {
            final int next = i == parts.size() - 1 ? to : nfa.state();
            add(parts.get(i), at, next);
            at = next;
        }
        if (parts.isEmpty()) {
            nfa.epsilon(from, to);
        }
    }

    /** Side by side between the same two states: nothing that is added leads back into the first or on from the last. */
    private void alt(final List<Expr> branches, final int from, final int to) {
        for (final Expr branch : branches) {
            add(branch, from, to);
        }
    }

    private void graph(final Expr.Graph graph, final int from, final int to) {
        final int[] node = new int[graph.nodes()];
        for (int i = 0; i < node.length; i++) {
            node[i] = nfa.state();
        }
        nfa.epsilon(from, node[graph.start()]);
        for (final Expr.Graph.Edge edge : graph.edges()) {
            add(edge.expr(), node[edge.from()], node[edge.to()]);
        }
        nfa.epsilon(node[graph.end()], to);
    }

    private void repeat(final Expr.Repeat repeat, final int from, final int to) {
        final int counted = Math.max(repeat.min(), repeat.max());
        if (split && counted > SPLIT_TIMES && (long) counted * sizes.states(repeat.body()) > SPLIT_STATES) {
            add(pieces.computeIfAbsent(repeat, whole -> sizes.inPieces(whole, SPLIT_STATES / 2)), from, to);
            return;
        }
        if (repeat.max() == Expr.UNBOUNDED) {
            unbounded(repeat, from, to);
        } else {
            bounded(repeat, from, to);
        }
    }

    private void unbounded(final Expr.Repeat repeat, final int from, final int to) {
        int at = from;
        for (int i = 0; i < repeat.min(); i++) {
            final int next = nfa.state();
            add(repeat.body(), at, next);
            at = next;
        }
        final int loop = nfa.state();
        final int end = nfa.state();
        nfa.epsilon(at, loop);
        add(repeat.body(), loop, end);
        nfa.epsilon(end, loop);
        nfa.epsilon(loop, to);
    }

    /** Copy {@code i} is one block of states, laid out as every other copy's, so that copies can stand for each other. */
    private void bounded(final Expr.Repeat repeat, final int from, final int to) {
        final int[] block = new int[repeat.max() + 1];
        for (int i = 0; i < repeat.max(); i++) {
            block[i] = nfa.state();
            final int exit = nfa.state();
            add(repeat.body(), block[i], exit);
            if (i > 0) {
                nfa.epsilon(block[i - 1] + 1, block[i]);
            }
        }
        final int last = nfa.state();
        block[repeat.max()] = last;
        if (repeat.max() > 0) {
            nfa.epsilon(block[repeat.max() - 1] + 1, last);
        }
        nfa.epsilon(from, block[0]);
        for (int i = repeat.min(); i <= repeat.max(); i++) {
            nfa.epsilon(block[i], to);
        }
        if (!sizes.maybeEmpty(repeat.body())) {
            shareBlocks(repeat, block);
        }
    }

    /**
     * Few bytes cannot tell copies apart from which neither the least nor the greatest count can be reached: those far below the
     * least count, and those from there that are far below the greatest.
     */
    private void shareBlocks(final Expr.Repeat repeat, final int[] block) {
        for (int i = 1; i < repeat.max(); i++) {
            final boolean below = i <= repeat.min() - Automaton.NEAR_BYTES - 2;
            final boolean between = i > repeat.min() && i <= repeat.max() - Automaton.NEAR_BYTES - 2;
            if (below || between) {
                final int same = block[below ? 0 : repeat.min()];
                for (int state = block[i]; state < block[i + 1]; state++) {
                    nfa.canonical(state, same + state - block[i]);
                }
            }
        }
    }
}
