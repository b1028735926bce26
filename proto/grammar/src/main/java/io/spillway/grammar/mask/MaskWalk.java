package io.spillway.grammar.mask;

import io.spillway.grammar.automaton.DfaState;
import io.spillway.grammar.automaton.Frame;
import io.spillway.grammar.automaton.Threads;
import java.util.Arrays;

/**
 * One walk of a trie from one state: which tokens can be read. Subtrees of plain text are taken whole where any plain text may come.
 * Owned by one thread.
 */
final class MaskWalk {
    /**
     * What a walk may cost: nodes looked at, each weighed by the states that it is looked at from. What the walk has not come to then
     * is not allowed, but for tokens of one byte: any text can still be written. Grammars of sensible size stay far below.
     */
    private static final long COST_PER_NODE = 4;
    private static final long COST_TO_BEGIN = 50_000;
    private static final long DIRECT_COST = 100_000;
    private static final int WEIGHT_PER_COST = 4;

    private final TokenTrie trie;
    private final Frame bottom = Frame.bottom();
    private final Readings readings = new Readings();
    private final Reading[] path;
    private final int[] pathEnds;
    private final long[] mask;
    private int[] ended;
    private int endedCount;
    private long maxCost;
    private long cost;

    /** @param collect whether the nodes are wanted at which the rule has ended */
    MaskWalk(final TokenTrie trie, final int maskWords, final boolean collect) {
        this.trie = trie;
        this.ended = collect ? new int[16] : null;
        this.mask = new long[maskWords];
        this.maxCost = COST_TO_BEGIN + COST_PER_NODE * trie.nodes();
        this.path = new Reading[trie.depth() + 2];
        this.pathEnds = new int[trie.depth() + 2];
    }

    /** @return what may be read from a state within its rule and what that calls */
    MaskPart from(final DfaState state) {
        final Threads first = new Threads();
        first.only(state, bottom);
        walk(0, readings.of(first));
        return part();
    }

    /** @return what may be read from a state to which a rule returned at some nodes */
    MaskPart after(final int[] nodes, final DfaState state) {
        final Threads first = new Threads();
        first.resume(state, bottom);
        final Reading start = readings.of(first);
        for (final int node : nodes) {
            if (start.ends()) {
                ended(node);
            }
            walk(node, start);
        }
        return part();
    }

    /** Adds what may be read on the very stacks that there are. Nothing of it is kept: it must not take long. */
    void direct(final Threads threads, final long[] into) {
        maxCost = DIRECT_COST;
        final Threads first = new Threads();
        first.set(threads);
        walk(0, readings.of(first));
        for (int i = 0; i < mask.length; i++) {
            into[i] |= mask[i];
        }
    }

    private MaskPart part() {
        return new MaskPart(mask, ended == null ? null : Arrays.copyOf(ended, endedCount),
            new MaskPart.Findings(endedCount > 0, cost > maxCost));
    }

    /** Goes through the nodes below one, in order; {@code path} holds what was read on the way to each that is still open. */
    private void walk(final int node, final Reading start) {
        path[0] = start;
        pathEnds[0] = trie.end(node);
        int level = 0;
        int at = node + 1;
        while (at < pathEnds[0]) {
            while (at >= pathEnds[level]) {
                level--;
            }
            final int atEnd = trie.end(at);
            final Reading next = readings.step(path[level], trie.label(at));
            if (next == Reading.DEAD) {
                at = atEnd;
            } else if (at + 1 == atEnd || next.takes(trie.plainChars(at))) {
                allow(trie.firstToken(at), trie.firstToken(atEnd));
                at = atEnd;
            } else if (goesInto(at, next)) {
                level++;
                path[level] = next;
                pathEnds[level] = atEnd;
                at++;
            } else {
                at = atEnd;
            }
        }
    }

    private boolean goesInto(final int node, final Reading reading) {
        allow(trie.firstToken(node), trie.firstToken(node + 1));
        cost += 1 + reading.weight() / WEIGHT_PER_COST;
        if (cost > maxCost) {
            return false;
        }
        if (reading.ends()) {
            ended(node);
        }
        return reading.goesOn();
    }

    private void allow(final int from, final int to) {
        for (int place = from; place < to; place++) {
            final int token = trie.token(place);
            mask[token >>> 6] |= 1L << token;
        }
    }

    private void ended(final int node) {
        if (ended != null) {
            if (endedCount == ended.length) {
                ended = Arrays.copyOf(ended, endedCount * 2);
            }
            ended[endedCount] = node;
        }
        endedCount++;
    }
}
