package io.spillway.grammar.mask;

import io.spillway.grammar.automaton.DfaState;
import io.spillway.grammar.automaton.Frame;
import io.spillway.grammar.automaton.PlainText;
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
    private final DfaState[] states;
    private final Frame[] frames;
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
        this.states = new DfaState[trie.depth() + 2];
        this.frames = new Frame[trie.depth() + 2];
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

    /**
     * Goes through the nodes below one, in order. {@code path} holds what was read on the way to each that is still open; where that is
     * one thread which neither ends nor calls a rule, only its state, in {@code states}: most of a large vocabulary is walked so.
     */
    private void walk(final int node, final Reading start) {
        pathEnds[0] = trie.end(node);
        enter(0, start);
        int level = 0;
        int at = node + 1;
        while (at < pathEnds[0]) {
            while (at >= pathEnds[level]) {
                level--;
            }
            final int atEnd = trie.end(at);
            pathEnds[level + 1] = atEnd;
            if (goesInto(at, level)) {
                level++;
                at++;
            } else {
                at = atEnd;
            }
        }
    }

    private void enter(final int level, final Reading reading) {
        path[level] = reading;
        if (reading.isPlain()) {
            states[level] = reading.threads().state(0);
            frames[level] = reading.threads().frame(0);
        } else {
            states[level] = null;
        }
    }

    /** Reads a node's byte. The node's tokens are allowed or not then; whether to look at those below is the answer. */
    private boolean goesInto(final int node, final int level) {
        final DfaState state = states[level];
        if (state == null) {
            return goesInto(node, level, readings.step(path[level], trie.label(node)));
        }
        final DfaState next = state.next(trie.label(node));
        if (next == DfaState.DEAD) {
            return false;
        }
        if (!next.isPlain()) {
            if (path[level] == null) {
                path[level] = readings.of(state, frames[level]);
            }
            return goesInto(node, level, readings.step(path[level], trie.label(node)));
        }
        final int end = trie.end(node);
        if (node + 1 == end) {
            allow(trie.firstToken(node), trie.firstToken(end));
            return false;
        }
        if (trie.alphabet(node) < PlainText.ALPHABETS
            && (takes(node, next.plainRun(PlainText.ALPHABETS - 1)) || takes(node, next.plainRun(trie.alphabet(node))))) {
            return false;
        }
        allow(trie.firstToken(node), trie.firstToken(node + 1));
        cost += 1 + next.weight() / WEIGHT_PER_COST;
        path[level + 1] = null;
        states[level + 1] = next;
        frames[level + 1] = frames[level];
        return cost <= maxCost;
    }

    /** @return whether what may be read of the text below a node is known; it is allowed then */
    private boolean takes(final int node, final PlainText.Run run) {
        if (trie.charsBelow(node) <= run.chars()) {
            allow(trie.firstToken(node), trie.firstToken(trie.end(node)));
            return true;
        }
        if (run.exact()) {
            allowShort(node, run.chars());
            return true;
        }
        return false;
    }

    /** Of the tokens at a node and below, those that have at most so many characters after it. */
    private void allowShort(final int node, final int chars) {
        final int from = trie.firstToken(node);
        final int most = chars + trie.charsAt(node);
        for (int place = from; place < trie.firstToken(trie.end(node)); place++) {
            if (trie.chars(place) <= most) {
                allow(place, place + 1);
            }
        }
    }

    private boolean goesInto(final int node, final int level, final Reading next) {
        if (next == Reading.DEAD) {
            return false;
        }
        final int end = trie.end(node);
        if (node + 1 == end || next.takes(trie.alphabet(node), trie.charsBelow(node))) {
            allow(trie.firstToken(node), trie.firstToken(end));
            return false;
        }
        allow(trie.firstToken(node), trie.firstToken(node + 1));
        cost += 1 + next.weight() / WEIGHT_PER_COST;
        if (cost > maxCost) {
            return false;
        }
        if (next.ends()) {
            ended(node);
        }
        enter(level + 1, next);
        return next.goesOn();
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
