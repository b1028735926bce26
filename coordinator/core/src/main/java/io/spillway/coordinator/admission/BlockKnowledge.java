package io.spillway.coordinator.admission;

import io.spillway.coordinator.prefix.PrefixIndex;
import io.spillway.coordinator.prefix.PrefixMatches;
import io.spillway.coordinator.state.ClusterView;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.KvEventBatch;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Keeps the prefix index in step with the members: drops what is old, asks for snapshots, forgets who left. Epochs rise over
 * the whole cluster, so a source that the view does not know and whose epoch is above all it has shown is only early; any
 * other is gone. Agent's thread only.
 */
final class BlockKnowledge {
    private static final int SWEEP_ENTRIES = 4096;

    private final PrefixIndex index = new PrefixIndex();
    private final Map<NodeId, Long> askedAtNanos = new HashMap<>();
    private final long resyncNanos;
    private final Consumer<NodeId> resync;
    private ClusterView view = ClusterView.EMPTY;
    private long epochSeenMax;
    private long applied;
    private long gaps;
    private long stale;
    private long resyncs;

    BlockKnowledge(final long resyncNanos, final Consumer<NodeId> resync) {
        this.resyncNanos = resyncNanos;
        this.resync = resync;
    }

    void apply(final KvEventBatch batch, final long nowNanos) {
        if (isGone(batch.source(), batch.epoch())) {
            stale++;
            return;
        }
        switch (index.apply(batch)) {
            case OK -> {
                applied++;
                if (batch.snapshot()) {
                    askedAtNanos.remove(batch.source());
                }
            }
            case STALE -> stale++;
            case GAP -> {
                gaps++;
                ask(batch.source(), nowNanos);
            }
        }
    }

    /** Asks a member for a snapshot, unless that was done a moment ago. */
    void ask(final NodeId source, final long nowNanos) {
        final Long askedNanos = askedAtNanos.get(source);
        if (askedNanos == null || nowNanos - askedNanos >= resyncNanos) {
            askedAtNanos.put(source, nowNanos);
            resyncs++;
            resync.accept(source);
        }
    }

    void onView(final ClusterView newView) {
        view = newView;
        for (final ClusterView.Member member : newView.members().values()) {
            epochSeenMax = Math.max(epochSeenMax, member.epoch());
        }
        index.sources().forEach((source, epoch) -> {
            if (isGone(source, epoch)) {
                index.forget(source);
            }
        });
        askedAtNanos.keySet().removeIf(source -> !newView.members().containsKey(source));
    }

    PrefixMatches match(final Optional<List<BlockHash>> chain) {
        return chain.map(index::match).orElse(PrefixMatches.NONE);
    }

    void sweep() {
        index.sweep(SWEEP_ENTRIES);
    }

    CoordinatorStats.Blocks stats(final long dropped) {
        return new CoordinatorStats.Blocks(index.blocks(), index.sources().size(), applied, gaps, stale, dropped, resyncs);
    }

    private boolean isGone(final NodeId source, final long epoch) {
        final ClusterView.Member member = view.members().get(source);
        return member == null ? epoch <= epochSeenMax : epoch < member.epoch();
    }
}
