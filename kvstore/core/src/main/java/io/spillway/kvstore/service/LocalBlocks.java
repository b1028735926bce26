package io.spillway.kvstore.service;

import io.spillway.domain.cluster.NodeLoad.TierUse;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.KvEvent;
import io.spillway.domain.kv.Tier;
import io.spillway.domain.time.NanoClock;
import io.spillway.kvstore.pool.BlockPool;
import io.spillway.kvstore.pool.Checksums;
import io.spillway.kvstore.pool.PooledBlock;
import io.spillway.kvstore.tier.BlockKey;
import io.spillway.kvstore.tier.DiskCounters;
import io.spillway.kvstore.tier.DiskTier;
import io.spillway.kvstore.tier.HostBlock;
import io.spillway.kvstore.tier.HostTier;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Host and disk tier together: victims of the one go to the other, and what is read from disk comes back to DRAM.
 * Single writer: the thread of the {@link BlockService}.
 */
final class LocalBlocks {
    private static final long CLOSE_NANOS_MAX = TimeUnit.SECONDS.toNanos(10);

    private final ServiceConfig config;
    private final NanoClock clock;
    private final Executor owner;
    private final HostTier host;
    private final DiskTier disk;
    private final List<CopyOut> copies = new ArrayList<>();
    private int reservations;
    private long stored;
    private long refused;
    private long hostHits;
    private long diskHits;
    private long misses;
    private long arrivedCorrupt;

    /** @param owner runs tasks on the service's thread */
    LocalBlocks(
        final ServiceConfig config, final Consumer<KvEvent> events, final Executor owner, final NanoClock clock) {
        this.config = config;
        this.clock = clock;
        this.owner = owner;
        this.host = new HostTier(new BlockPool(config.hostBytes(), config.pageBytes()), this::spill, events);
        this.disk = openDisk(events);
    }

    private DiskTier openDisk(final Consumer<KvEvent> events) {
        try {
            return config.disk().map(tier -> DiskTier.open(tier, events, owner, clock)).orElse(null);
        } catch (final RuntimeException e) {
            host.close();
            throw e;
        }
    }

    /** @return first block of the chain as far as known; null when there is no room */
    BlockHash store(final BlockKey key, final MemorySegment bytes) {
        final HostBlock held = host.get(key.hash());
        if (held != null) {
            return held.chain();
        }
        final PooledBlock memory = host.reserve(bytes.byteSize());
        if (memory == null) {
            refused++;
            return null;
        }
        final int crc32c = Checksums.crc32c(bytes);
        memory.copyFrom(bytes);
        final HostBlock block = host.keep(key, crc32c, memory);
        host.release(key.hash(), memory);
        stored++;
        return block.chain();
    }

    Reserved reserve(final BlockKey key, final int lengthBytes, final int crc32c, final BlockService service) {
        if (host.get(key.hash()) != null) {
            return new Reserved.AlreadyHeld();
        }
        final boolean mayTake = lengthBytes > 0 && reservations < config.reservationsMax();
        final PooledBlock memory = mayTake ? host.reserve(lengthBytes) : null;
        if (memory == null) {
            refused++;
            return new Reserved.Refused();
        }
        reservations++;
        return new Reserved.Granted(new Reservation(key, crc32c, memory, service));
    }

    /** @return false: the bytes are not what their producer checksummed */
    boolean commit(final Reservation reservation) {
        final PooledBlock memory = reservation.memory();
        final boolean intact = memory.crc32c() == reservation.crc32c();
        if (intact) {
            stored += host.contains(reservation.key().hash()) ? 0 : 1;
            host.keep(reservation.key(), reservation.crc32c(), memory);
        } else {
            arrivedCorrupt++;
        }
        abort(reservation);
        return intact;
    }

    void abort(final Reservation reservation) {
        reservations--;
        host.release(reservation.key().hash(), reservation.memory());
    }

    int leadingRun(final List<BlockHash> chain) {
        int run = host.leadingRun(chain);
        while (run < chain.size() && holds(chain.get(run))) {
            run++;
        }
        return run;
    }

    /** @param done runs now, or later when the block comes from disk; null = a miss */
    void acquire(final BlockHash hash, final Consumer<BlockLease> done) {
        final HostBlock block = host.acquire(hash);
        if (block != null) {
            hostHits++;
            done.accept(lease(block, Tier.HOST));
        } else if (!promote(hash, done)) {
            misses++;
            done.accept(null);
        }
    }

    void begin(final CopyOut copy) {
        copies.add(copy);
    }

    /** Moves running copies on. @return work done */
    int step(final long nowNanos) {
        int workCount = 0;
        for (final CopyOut copy : copies) {
            workCount += copy.step(nowNanos) ? 1 : 0;
        }
        copies.removeIf(CopyOut::isFinished);
        return workCount;
    }

    boolean isActive() {
        return !copies.isEmpty();
    }

    void dropCorrupt(final BlockHash hash) {
        host.dropCorrupt(hash);
    }

    List<KvEvent.BlockStored> snapshot() {
        final List<KvEvent.BlockStored> held = new ArrayList<>();
        for (final HostBlock block : host.blocks()) {
            held.add(new KvEvent.BlockStored(block.key().hash(), block.key().parent(), Tier.HOST));
        }
        if (disk != null) {
            for (final BlockKey key : disk.blocks()) {
                held.add(new KvEvent.BlockStored(key.hash(), key.parent(), Tier.DISK));
            }
        }
        return held;
    }

    TierUse use() {
        return disk == null
            ? new TierUse(host.heldBlocks(), host.heldBytes(), host.maxBytes(), 0, 0, 0)
            : new TierUse(host.heldBlocks(), host.heldBytes(), host.maxBytes(),
                disk.heldBlocks(), disk.heldBytes(), disk.maxBytes());
    }

    ServiceCounters counters(final long refusedBefore) {
        return new ServiceCounters(stored, refused + refusedBefore, hostHits, diskHits, misses, host.evictedBlocks(),
            host.corruptBlocks() + arrivedCorrupt, disk == null ? DiskCounters.ZERO : disk.counters());
    }

    void checkInvariants() {
        host.checkInvariants();
    }

    /**
     * @param pause runs what was given back, and waits a moment
     * @throws IllegalStateException when leases did not come back in time
     */
    void close(final Runnable pause) {
        final long giveUpNanos = clock.nanoTime() + CLOSE_NANOS_MAX;
        copies.forEach(CopyOut::finish);
        copies.clear();
        if (disk != null) {
            if (config.spillOnClose()) {
                spillAll(pause, giveUpNanos);
            }
            disk.close();
            pause.run();
            disk.closeStaging();
        }
        while (host.isLeased() && clock.nanoTime() - giveUpNanos < 0) {
            pause.run();
        }
        host.close();
    }

    /** After a failure: ends what callers wait for; memory stays as it is, for nobody can say who still reads it. */
    void abandon() {
        copies.forEach(CopyOut::finish);
    }

    private boolean holds(final BlockHash hash) {
        return host.contains(hash) || disk != null && disk.contains(hash);
    }

    private void spill(final HostBlock victim) {
        if (disk != null) {
            disk.write(victim);
        }
    }

    /** Parents first, so that what fits is the front of every chain. */
    private void spillAll(final Runnable pause, final long giveUpNanos) {
        for (final HostBlock block : List.copyOf(host.blocks())) {
            while (disk.wants(block) && !disk.write(block) && clock.nanoTime() - giveUpNanos < 0) {
                pause.run();
            }
        }
    }

    private boolean promote(final BlockHash hash, final Consumer<BlockLease> done) {
        final int lengthBytes = disk == null ? 0 : disk.lengthOf(hash);
        final PooledBlock memory = lengthBytes == 0 ? null : host.reserve(lengthBytes);
        if (memory == null) {
            return false;
        }
        final boolean reading = disk.read(hash, memory, read -> {
            if (read != null) {
                host.keep(read.key(), read.crc32c(), memory);
            }
            final HostBlock block = read == null ? null : host.acquire(hash);
            host.release(hash, memory);
            diskHits += block == null ? 0 : 1;
            misses += block == null ? 1 : 0;
            done.accept(block == null ? null : lease(block, Tier.DISK));
        });
        if (!reading) {
            host.release(hash, memory);
        }
        return reading;
    }

    private BlockLease lease(final HostBlock block, final Tier tier) {
        return new BlockLease(block, tier,
            () -> owner.execute(() -> host.release(block.key().hash(), block.memory())));
    }
}
