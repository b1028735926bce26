package io.spillway.kvstore.service;

import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.Tier;
import io.spillway.kvstore.pool.Checksums;
import io.spillway.kvstore.service.BlockStore.Onboarded;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * One run of blocks being copied out of a service, a block per step, so that others are served in between. Reads ahead
 * a little, which keeps the disk's readers busy. Single writer: the service's thread.
 */
final class CopyOut {
    private static final int AHEAD_BLOCKS = 4;

    private final LocalBlocks blocks;
    private final List<BlockHash> chain;
    private final List<MemorySegment> targets;
    private final long deadlineNanos;
    private final CompletableFuture<Onboarded> result;
    private final List<Tier> tiers = new ArrayList<>();
    private final BlockLease[] leases;
    private final boolean[] missed;
    private int asked;
    private boolean finished;

    CopyOut(
        final LocalBlocks blocks, final List<BlockHash> chain, final List<MemorySegment> targets,
        final long deadlineNanos, final CompletableFuture<Onboarded> result) {
        this.blocks = blocks;
        this.chain = List.copyOf(chain);
        this.targets = List.copyOf(targets);
        this.deadlineNanos = deadlineNanos;
        this.result = result;
        this.leases = new BlockLease[chain.size()];
        this.missed = new boolean[chain.size()];
    }

    /** @return true when there was something to do */
    boolean step(final long nowNanos) {
        final int next = tiers.size();
        if (next == chain.size() || missed[next] || deadlineNanos - nowNanos <= 0) {
            finish();
            return true;
        }
        final boolean asking = askAhead(next);
        if (leases[next] == null) {
            return asking;
        }
        if (!copy(next)) {
            finish();
        }
        return true;
    }

    boolean isFinished() {
        return finished;
    }

    /** Completes with what was copied so far and gives back what was read ahead. */
    void finish() {
        if (finished) {
            return;
        }
        finished = true;
        for (int i = 0; i < leases.length; i++) {
            release(i);
        }
        result.complete(new Onboarded(tiers.size(), tiers));
    }

    private boolean askAhead(final int next) {
        final int end = Math.min(chain.size(), next + AHEAD_BLOCKS);
        final boolean asking = asked < end;
        while (asked < end) {
            final int index = asked++;
            blocks.acquire(chain.get(index), lease -> arrived(index, lease));
        }
        return asking;
    }

    private void arrived(final int index, final BlockLease lease) {
        if (lease == null) {
            missed[index] = true;
        } else if (finished) {
            lease.release();
        } else {
            leases[index] = lease;
        }
    }

    /** @return false: what arrived in the target is not what the producer wrote */
    private boolean copy(final int index) {
        final BlockLease lease = leases[index];
        final MemorySegment target = targets.get(index);
        if (lease.block().memory().bytes() != target.byteSize()) {
            return false;
        }
        lease.block().memory().copyTo(target);
        if (Checksums.crc32c(target) != lease.block().crc32c()) {
            blocks.dropCorrupt(lease.block().key().hash());
            return false;
        }
        tiers.add(lease.tier());
        release(index);
        return true;
    }

    private void release(final int index) {
        if (leases[index] != null) {
            leases[index].release();
            leases[index] = null;
        }
    }
}
