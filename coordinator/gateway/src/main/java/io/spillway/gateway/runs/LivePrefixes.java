package io.spillway.gateway.runs;

import io.spillway.domain.kv.BlockHash;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Finds the step whose tokens a new prompt goes on from, without any word from the client. A step is kept under the hash of the last full
 * block of its tokens, with the few tokens behind that block, so that a match is exact to the token; the tenant's secret is in the hash, so
 * nobody matches another tenant's. Bounded; the oldest goes first. Not for several threads: {@link AgentRuns} holds its lock.
 */
final class LivePrefixes {
    /** Ends under one hash: conversations that part within one block. */
    private static final int SAME_BLOCK_MAX = 32;

    private final int endsMax;
    private final Map<BlockHash, List<End>> ends = new LinkedHashMap<>(16, 0.75f, true);
    private int count;

    /** Where a step's tokens end: full blocks, then {@code tail}. */
    private record End(int lengthTokens, int[] tail, Match step) {
    }

    /**
     * A step that was found.
     *
     * @param whole whether its answer is gone on from too; else only what was asked
     */
    record Match(AgentRuns.RunKey run, String step, boolean whole) {
    }

    /**
     * Some tokens and the blocks that they fill.
     *
     * @param root  what the first block's hash follows
     * @param chain hashes of the full blocks
     */
    record Sequence(BlockHash root, List<BlockHash> chain, int[] tokens, int blockTokens) {
        private BlockHash hashBefore(final int block) {
            return block == 0 ? root : chain.get(block - 1);
        }
    }

    LivePrefixes(final int endsMax) {
        this.endsMax = endsMax;
    }

    /** Remembers where a step ends; a later one that ends there takes its place. */
    void add(final Sequence sequence, final Match step) {
        final int blocks = sequence.chain.size();
        final int[] tail = Arrays.copyOfRange(sequence.tokens, blocks * sequence.blockTokens, sequence.tokens.length);
        final List<End> same = ends.computeIfAbsent(sequence.hashBefore(blocks), hash -> new ArrayList<>(1));
        count -= same.size();
        same.removeIf(end -> Arrays.equals(end.tail, tail) && end.step.whole == step.whole);
        if (same.size() == SAME_BLOCK_MAX) {
            same.removeFirst();
        }
        same.add(new End(sequence.tokens.length, tail, step));
        count += same.size();
        for (final Iterator<List<End>> eldest = ends.values().iterator(); count > endsMax;) {
            count -= eldest.next().size();
            eldest.remove();
        }
    }

    /** @return the step with the most tokens of those that {@code prompt} goes on from; the latest of equals */
    Optional<Match> find(final Sequence prompt) {
        for (int block = prompt.chain.size(); block >= 0; block--) {
            final List<End> here = ends.get(prompt.hashBefore(block));
            End longest = null;
            for (int i = 0; here != null && i < here.size(); i++) {
                final End end = here.get(i);
                if (goesOn(prompt, block, end) && (longest == null || end.lengthTokens >= longest.lengthTokens)) {
                    longest = end;
                }
            }
            if (longest != null) {
                return Optional.of(longest.step);
            }
        }
        return Optional.empty();
    }

    /** The same tokens once more go on from nothing, but an answer may be all that a client sends back. */
    private static boolean goesOn(final Sequence prompt, final int block, final End end) {
        final int from = block * prompt.blockTokens;
        return from + end.tail.length < prompt.tokens.length
            && Arrays.equals(prompt.tokens, from, from + end.tail.length, end.tail, 0, end.tail.length);
    }

    /** @return ends kept */
    int size() {
        return count;
    }
}
