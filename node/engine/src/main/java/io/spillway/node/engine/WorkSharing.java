package io.spillway.node.engine;

import io.spillway.domain.kv.BlockHash;
import io.spillway.node.kvcache.KvCache;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** What several sequences are about to compute is computed once. Single writer: the engine thread. */
final class WorkSharing {
    private final Roster roster;
    private final int blockTokens;
    private final Set<BlockHash> claimed = new HashSet<>(); // asked, never iterated
    private final TailSharing tails;

    WorkSharing(final Roster roster, final KvCache cache, final int blockTokens) {
        this.roster = roster;
        this.blockTokens = blockTokens;
        tails = new TailSharing(cache, blockTokens);
    }

    /**
     * Lets every prefill take what has been published since its last step. Of those that would compute the same block
     * next, the oldest does; the others wait for it: a prompt that many requests begin with is computed once.
     */
    void share(final List<Sequence> active) {
        claimed.clear();
        for (int i = 0; i < active.size(); i++) {
            final Sequence sequence = active.get(i);
            if (sequence.phase() != Sequence.Phase.RUNNING || sequence.computesAll()) {
                continue;
            }
            roster.extend(sequence);
            final int next = sequence.table().published();
            final boolean fillsBlock = (next + 1) * blockTokens <= sequence.knownTokens();
            sequence.defer(
                sequence.pendingTokens() > 1 && fillsBlock && !claimed.add(sequence.hashOf(next, blockTokens)));
        }
        tails.share(active);
    }
}
