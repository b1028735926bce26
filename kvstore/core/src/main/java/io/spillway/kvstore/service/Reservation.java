package io.spillway.kvstore.service;

import io.spillway.kvstore.pool.PooledBlock;
import io.spillway.kvstore.tier.BlockKey;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/** Memory for a block that is on its way in. Its holder fills it from one thread, then commits or aborts, once. */
public final class Reservation {
    private final BlockKey key;
    private final int crc32c;
    private final PooledBlock memory;
    private final BlockService service;
    private final AtomicBoolean settled = new AtomicBoolean();

    Reservation(final BlockKey key, final int crc32c, final PooledBlock memory, final BlockService service) {
        this.key = key;
        this.crc32c = crc32c;
        this.memory = memory;
        this.service = service;
    }

    public PooledBlock memory() {
        return memory;
    }

    /**
     * Makes it a block if its bytes are those that the producer checksummed.
     *
     * @param done runs on the service's thread: false = corrupt, and gone
     */
    public void commit(final Consumer<Boolean> done) {
        if (settled.compareAndSet(false, true)) {
            service.commit(this, done);
        }
    }

    /** Gives the memory back. After a commit it does nothing. */
    public void abort() {
        if (settled.compareAndSet(false, true)) {
            service.abort(this);
        }
    }

    BlockKey key() {
        return key;
    }

    int crc32c() {
        return crc32c;
    }
}
