package io.spillway.kvstore.service;

import io.spillway.domain.kv.Tier;
import io.spillway.kvstore.tier.HostBlock;
import java.util.concurrent.atomic.AtomicBoolean;

/** A right to read one block of a {@link BlockService}. The bytes stay as they are until {@link #release()}. */
public final class BlockLease {
    private final HostBlock block;
    private final Tier tier;
    private final Runnable giveBack;
    private final AtomicBoolean released = new AtomicBoolean();

    BlockLease(final HostBlock block, final Tier tier, final Runnable giveBack) {
        this.block = block;
        this.tier = tier;
        this.giveBack = giveBack;
    }

    public HostBlock block() {
        return block;
    }

    /** @return where the block was found: HOST or DISK */
    public Tier tier() {
        return tier;
    }

    /** Ends the lease. Any thread; more than once is once. */
    public void release() {
        if (released.compareAndSet(false, true)) {
            giveBack.run();
        }
    }
}
