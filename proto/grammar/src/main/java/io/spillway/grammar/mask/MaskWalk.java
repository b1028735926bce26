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
    private static final long MAX_COST = 8_000_000;
    private static final int MAX_WORTH_TAKING_WHOLE = TokenTrie.NOT_PLAIN - 1;

    private final TokenTrie trie;
    private final Frame bottom = Frame.bottom();
    private final Threads[] levels;
    private final long[] mask;
    private int[] ended = new int[16];
    private int endedCount;
    private long cost;

    MaskWalk(final TokenTrie trie, final int maskWords) {
        this.trie = trie;
        this.mask = new long[maskWords];
        this.levels = new Threads[trie.depth() + 2];
    }

    /** @return what may be read from a state within its rule and what that calls */
    MaskPart from(final DfaState state) {
        final Threads first = level(0);
        first.only(state, bottom);
        walk(0, first, 1);
        return new MaskPart(mask, Arrays.copyOf(ended, endedCount));
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
        return new MaskPart(mask, Arrays.copyOf(ended, endedCount));
    }

    private Threads level(final int depth) {
        if (levels[depth] == null) {
            levels[depth] = new Threads();
        }
        return levels[depth];
    }

    private void walk(final int node, final Threads at, final int depth) {
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
        cost += 1 + weight(next) / 8;
        if (cost > MAX_COST) {
            return;
        }
        if (next.atBottom()) {
            ended(child);
        }
        if (next.size() > 0) {
            walk(child, next, depth + 1);
        }
    }

    private static long weight(final Threads threads) {
        long weight = 0;
        for (int i = 0; i < threads.size(); i++) {
            weight += threads.state(i).weight();
        }
        return weight;
    }

    private static boolean takesWhole(final Threads threads, final int plainChars) {
        if (plainChars <= 0 || plainChars > MAX_WORTH_TAKING_WHOLE) {
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
        if (endedCount == ended.length) {
            ended = Arrays.copyOf(ended, endedCount * 2);
        }
        ended[endedCount++] = node;
    }
}
