package io.spillway.kvstore.service;

import io.spillway.domain.cluster.NodeLoad;
import io.spillway.domain.kv.BlockHash;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** A store that keeps nothing: for an engine that runs alone. */
public final class NoBlockStore implements BlockStore {
    @Override
    public boolean offload(
        final BlockHash hash, final BlockHash parent, final MemorySegment bytes, final Runnable released) {
        return false;
    }

    @Override
    public CompletableFuture<Found> lookup(final List<BlockHash> blocks, final long deadlineNanos) {
        return CompletableFuture.completedFuture(Found.NOTHING);
    }

    @Override
    public CompletableFuture<Onboarded> onboard(
        final List<BlockHash> blocks, final Found found, final List<MemorySegment> targets, final long deadlineNanos) {
        return CompletableFuture.completedFuture(Onboarded.NOTHING);
    }

    @Override
    public NodeLoad.TierUse tierUse() {
        return NodeLoad.TierUse.NONE;
    }

    @Override
    public void close() {
        // nothing held
    }
}
