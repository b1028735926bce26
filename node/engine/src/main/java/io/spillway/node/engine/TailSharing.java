package io.spillway.node.engine;

import io.spillway.domain.kv.BlockHash;
import io.spillway.node.kvcache.KvCache;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Forks: requests that know the same tokens, as the choices of one prompt do, share its full blocks as everybody does; the
 * tail behind them has no identity, so the first computes it and the others copy its block. Each then computes its last
 * token by itself, for the logits it chooses by. Single writer: the engine thread.
 */
final class TailSharing {
    private final KvCache cache;
    private final int blockTokens;
    private final Map<BlockHash, Sequence> holders = new HashMap<>(); // by tail; asked, never iterated

    TailSharing(final KvCache cache, final int blockTokens) {
        this.cache = cache;
        this.blockTokens = blockTokens;
    }

    /** Copies tails that are computed already, and lets sequences wait whose tail another is about to compute. */
    void share(final List<Sequence> active) {
        if (!isWanted(active)) {
            return;
        }
        holders.clear();
        for (int i = 0; i < active.size(); i++) {
            final Sequence sequence = active.get(i);
            if (sequence.phase() == Sequence.Phase.RUNNING && sequence.hasTail(blockTokens)) {
                holders.putIfAbsent(sequence.tail(blockTokens), sequence);
            }
        }
        for (int i = 0; i < active.size(); i++) {
            if (active.get(i).wantsTail(blockTokens)) {
                share(active.get(i));
            }
        }
        holders.clear();
    }

    private boolean isWanted(final List<Sequence> active) {
        for (int i = 0; i < active.size(); i++) {
            if (active.get(i).wantsTail(blockTokens)) {
                return true;
            }
        }
        return false;
    }

    private void share(final Sequence sequence) {
        final Sequence holder = holders.putIfAbsent(sequence.tail(blockTokens), sequence);
        if (holder == null) {
            return; // the first: it computes
        }
        if (!holder.hasTail(blockTokens)) {
            sequence.defer(true);
            return;
        }
        final int block = sequence.heldBlocks();
        if (cache.appendCopyOf(sequence.table(), holder.table().block(block))) {
            sequence.sources().found(block, sequence.knownTokens() - 1 - sequence.computedTokens());
            sequence.computedUpTo(sequence.knownTokens() - 1);
        }
    }
}
