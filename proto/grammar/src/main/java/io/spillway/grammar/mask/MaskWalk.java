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

    private final TokenTrie trie;
    private final Frame bottom = Frame.bottom();
    private final Threads[] levels;
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
        this.levels = new Threads[2 * trie.depth() + 4];
    }

    /** @return what may be read from a state within its rule and what that calls */
    MaskPart from(final DfaState state) {
        final Threads first = level(0);
        first.only(state, bottom);
        walk(0, first, 1);
        return part();
    }

    /** Adds what may be read on the very stacks that there are. Nothing of it is kept: it must not take long. */
    void direct(final Threads threads, final long[] into) {
        maxCost = DIRECT_COST;
        walk(0, threads, 1);
        for (int i = 0; i < mask.length; i++) {
            into[i] |= mask[i];
        }
    }

    private MaskPart part() {
        return new MaskPart(mask, ended == null ? null : Arrays.copyOf(ended, endedCount),
            new MaskPart.Findings(endedCount > 0, cost > maxCost));
    }

    /** @return what may be read from a state to which a rule returned at some nodes */
    MaskPart after(final int[] nodes, final DfaState state) {
        final Threads first = level(0);
        first.resume(state, bottom);
        for (final int node : nodes) {
            if (first.atBottom()) {
                ended(node);
            }
            walk(node, first, 1);
        }
        return part();
    }

    private Threads level(final int depth) {
        if (levels[depth] == null) {
            levels[depth] = new Threads();
        }
        return levels[depth];
    }

    private void walk(final int node, final Threads at, final int depth) {
        if (at.size() == 1) {
            walkOne(node, at.state(0), at.frame(0), depth);
            return;
        }
        final int end = trie.end(node);
        final Threads next = level(depth);
        int child = node + 1;
        while (child < end) {
            final int childEnd = trie.end(child);
            if (next.step(at, trie.label(child))) {
                visit(child, childEnd, next, depth);
            }
            child = childEnd;
        }
    }

    private void visit(final int child, final int childEnd, final Threads next, final int depth) {
        if (takesWhole(next, trie.plainChars(child))) {
            allow(trie.firstToken(child), trie.firstToken(childEnd));
            return;
        }
        allow(trie.firstToken(child), trie.firstToken(child + 1));
        if (child + 1 == childEnd) {
            return;
        }
        cost += 1 + weight(next) / 4;
        if (cost > maxCost) {
            return;
        }
        if (next.atBottom()) {
            ended(child);
        }
        if (next.size() > 0) {
            walk(child, next, depth + 1);
        }
    }

    /**
     * The same for one thread, as long as it stays one: it calls no rule, and ends none but the first. Then only its state changes, and
     * the subtree is one pass over an array. Most of a large vocabulary is walked here.
     */
    private void walkOne(final int node, final DfaState state, final Frame frame, final int depth) {
        final int end = trie.end(node);
        final int levelsBelow = trie.depth() + 1;
        final DfaState[] states = new DfaState[levelsBelow];
        final int[] ends = new int[levelsBelow];
        states[0] = state;
        ends[0] = end;
        final boolean atBottom = frame == bottom;
        int level = 0;
        int at = node + 1;
        while (at < end) {
            while (at >= ends[level]) {
                level--;
            }
            final int atEnd = trie.end(at);
            final DfaState next = states[level].next(trie.label(at));
            if (next == DfaState.DEAD) {
                at = atEnd;
            } else if (!next.isPlain() && (!atBottom || next.hasCalls())) {
                leaveOne(at, states[level], frame, depth);
                at = atEnd;
            } else if (at + 1 == atEnd) {
                allow(trie.firstToken(at), trie.firstToken(at + 1));
                at = atEnd;
            } else if (next.plainRun() >= trie.plainChars(at)) {
                allow(trie.firstToken(at), trie.firstToken(atEnd));
                at = atEnd;
            } else {
                allow(trie.firstToken(at), trie.firstToken(at + 1));
                cost += 1 + next.weight() / 4;
                if (next.isFinal() && cost <= maxCost) {
                    ended(at);
                }
                if (cost > maxCost || !next.hasBytes()) {
                    at = atEnd;
                } else {
                    level++;
                    states[level] = next;
                    ends[level] = atEnd;
                    at++;
                }
            }
        }
    }

    /** A step after which there is more than one state to look at. */
    private void leaveOne(final int child, final DfaState state, final Frame frame, final int depth) {
        final Threads before = level(depth);
        final Threads next = level(depth + 1);
        before.only(state, frame);
        if (next.step(before, trie.label(child))) {
            visit(child, trie.end(child), next, depth + 1);
        }
    }

    private static long weight(final Threads threads) {
        // Threads are compared with each other at every step.
        long weight = (long) threads.size() * threads.size() / 2;
        for (int i = 0; i < threads.size(); i++) {
            weight += threads.state(i).weight();
        }
        return weight;
    }

    private static boolean takesWhole(final Threads threads, final int plainChars) {
        if (plainChars == 0 || plainChars == TokenTrie.NOT_PLAIN) {
            return false;
        }
        for (int i = 0; i < threads.size(); i++) {
            if (threads.state(i).plainRun() >= plainChars) {
                return true;
            }
        }
        return false;
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
