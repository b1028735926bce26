package io.spillway.kvstore.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.KvEvent;
import io.spillway.domain.kv.Tier;
import io.spillway.domain.time.NanoClock;
import io.spillway.kvstore.pool.BlockPool;
import io.spillway.kvstore.service.BlockStore.Onboarded;
import io.spillway.kvstore.tier.BlockKey;
import io.spillway.kvstore.tier.DiskConfig;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BlockServiceTest {
    private static final int BLOCK = 20_000;
    private static final int PAGE = BlockPool.PAGE_BYTES_DEFAULT;
    @TempDir
    private Path directory;

    /**
     * Random stores, reads and leases in a small tier: right bytes or a miss, and events that add up to what is held.
     */
    @Property(tries = 40)
    void readsAreTheStoredBytesOrMissesAndEventsAddUp(@ForAll final long seed) {
        final SplittableRandom random = new SplittableRandom(seed);
        try (ServiceFixture fixture = new ServiceFixture(ServiceConfig.ofHost(20L * PAGE))) {
            final int[] stored = new int[4];
            for (int step = 0; step < 60; step++) {
                final int chain = random.nextInt(stored.length);
                if (random.nextInt(3) > 0) {
                    assertThat(fixture.store(chain, stored[chain]++, BLOCK + chain)).isNotNull();
                } else {
                    final List<BlockHash> wanted = ServiceFixture.chain(chain, stored[chain]);
                    final int found = fixture.find(wanted);
                    assertThat(fixture.copyOut(wanted, BLOCK + chain).blocks()).isEqualTo(found);
                }
            }
            ServiceFixture.get(fixture.service.checkInvariants());
            final CompletableFuture<List<KvEvent.BlockStored>> snapshot = new CompletableFuture<>();
            fixture.service.snapshot(snapshot::complete);
            final Set<BlockHash> held = new HashSet<>();
            ServiceFixture.get(snapshot).forEach(block -> held.add(block.hash()));
            assertThat(replay(fixture.events, Tier.HOST)).isEqualTo(held);
            fixture.awaitHostBlocks(held.size());
        }
    }

    @Test
    void victimsGoToDiskAndComeBack() {
        final ServiceConfig config =
            ServiceConfig.ofHost(10L * 2 * PAGE).withDisk(DiskConfig.of(directory, 64L << 20));
        try (ServiceFixture fixture = new ServiceFixture(config)) {
            fixture.storeChain(7, 40, BLOCK);
            final List<BlockHash> chain = ServiceFixture.chain(7, 40);
            ServiceFixture.get(fixture.service.counters());
            final Onboarded got = awaitWhole(fixture, chain);
            assertThat(got.tiers()).contains(Tier.DISK);
            assertThat(replay(fixture.events, Tier.DISK)).isNotEmpty();
            final ServiceCounters counters = ServiceFixture.get(fixture.service.counters());
            assertThat(counters.diskHits()).isPositive();
            assertThat(counters.evicted()).isPositive();
            assertThat(counters.corrupt()).isZero();
        }
    }

    @Test
    void aRestartIsWarmWhenItSpillsOnClose() {
        final ServiceConfig config = ServiceConfig.ofHost(64L << 20).withDisk(DiskConfig.of(directory, 64L << 20));
        final List<BlockHash> chain = ServiceFixture.chain(8, 50);
        try (ServiceFixture fixture = new ServiceFixture(config)) {
            fixture.storeChain(8, 50, BLOCK);
        }
        try (ServiceFixture fixture = new ServiceFixture(config)) {
            assertThat(fixture.find(chain)).isEqualTo(50);
            assertThat(replay(fixture.events, Tier.DISK)).hasSize(50);
            final Onboarded got = fixture.copyOut(chain, BLOCK);
            assertThat(got.blocks()).isEqualTo(50);
            assertThat(got.tiers()).containsOnly(Tier.DISK);
            assertThat(fixture.copyOut(chain, BLOCK).tiers()).containsOnly(Tier.HOST);
        }
    }

    @Test
    void aCorruptBlockIsDroppedCountedAndAMiss() {
        try (ServiceFixture fixture = new ServiceFixture(ServiceConfig.ofHost(64L << 20))) {
            fixture.storeChain(9, 3, BLOCK);
            final BlockLease lease = fixture.lease(ServiceFixture.hash(9, 1));
            ServiceFixture.flip(lease, BLOCK / 2);
            assertThat(fixture.copyOut(ServiceFixture.chain(9, 3), BLOCK).blocks()).isEqualTo(1);
            assertThat(fixture.find(ServiceFixture.chain(9, 3))).isEqualTo(1);
            assertThat(ServiceFixture.get(fixture.service.counters()).corrupt()).isEqualTo(1);
            assertThat(fixture.events.getLast())
                .isEqualTo(new KvEvent.BlockRemoved(ServiceFixture.hash(9, 1), Tier.HOST));
            lease.release();
            lease.release();
        }
    }

    @Test
    void aLeasedBlockIsNeverEvictedAndAFullTierRefuses() {
        try (ServiceFixture fixture = new ServiceFixture(ServiceConfig.ofHost(4L * PAGE))) {
            fixture.storeChain(10, 2, BLOCK);
            final BlockLease one = fixture.lease(ServiceFixture.hash(10, 0));
            final BlockLease two = fixture.lease(ServiceFixture.hash(10, 1));
            assertThat(fixture.store(11, 0, BLOCK)).isNull();
            assertThat(ServiceFixture.get(fixture.service.counters()).refusedStores()).isEqualTo(1);
            assertThat(one.block().isIntact() && two.block().isIntact()).isTrue();
            two.release();
            assertThat(fixture.store(11, 0, BLOCK)).isNotNull();
            assertThat(fixture.find(ServiceFixture.chain(10, 2))).isEqualTo(1);
            one.release();
            assertThat(fixture.store(12, 0, 100 * PAGE)).isNull();
        }
    }

    @Test
    void aChainKnowsItsFirstBlock() {
        try (ServiceFixture fixture = new ServiceFixture(ServiceConfig.ofHost(64L << 20))) {
            for (int i = 0; i < 4; i++) {
                assertThat(fixture.store(13, i, 100)).isEqualTo(ServiceFixture.hash(13, 0));
            }
            assertThat(fixture.store(13, 9, 100)).isEqualTo(ServiceFixture.hash(13, 9));
        }
    }

    @Test
    void aReservationIsHeldOnlyWithTheProducersBytes() {
        try (ServiceFixture fixture = new ServiceFixture(ServiceConfig.ofHost(64L << 20))) {
            final BlockKey key = new BlockKey(ServiceFixture.hash(14, 0), ServiceFixture.hash(14, -1));
            final byte[] bytes = ServiceFixture.bytes(key.hash(), BLOCK);
            final int crc = io.spillway.kvstore.pool.Checksums.crc32c(MemorySegment.ofArray(bytes));
            assertThat(commit(reserve(fixture, key, crc), new byte[BLOCK])).isFalse();
            assertThat(fixture.find(List.of(key.hash()))).isZero();
            ((Reserved.Granted) reserve(fixture, key, crc)).reservation().abort();
            assertThat(commit(reserve(fixture, key, crc), bytes)).isTrue();
            assertThat(fixture.copyOut(List.of(key.hash()), BLOCK).blocks()).isEqualTo(1);
            assertThat(reserve(fixture, key, crc)).isInstanceOf(Reserved.AlreadyHeld.class);
        }
    }

    @Test
    void whatIsBorrowedIsReturnedExactlyOnceEvenWhenTheServiceEnds() {
        final AtomicInteger released = new AtomicInteger();
        final AtomicInteger answered = new AtomicInteger();
        int accepted = 0;
        final ServiceFixture fixture = new ServiceFixture(ServiceConfig.ofHost(64L << 20));
        final MemorySegment bytes = MemorySegment.ofArray(new byte[BLOCK]);
        final Thread closer = Thread.ofVirtual().unstarted(fixture::close);
        for (int i = 0; i < 3000; i++) {
            if (i == 1000) {
                closer.start();
            }
            final BlockKey key = new BlockKey(ServiceFixture.hash(15, i), ServiceFixture.hash(15, i - 1));
            accepted += fixture.service.store(
                key, bytes, released::incrementAndGet, chain -> answered.incrementAndGet()) ? 1 : 0;
        }
        join(closer);
        assertThat(released).hasValue(accepted);
        assertThat(answered).hasValue(accepted);
        assertThat(fixture.service.store(new BlockKey(ServiceFixture.hash(1, 1), ServiceFixture.hash(1, 0)), bytes,
            released::incrementAndGet, chain -> { })).isFalse();
        assertThat(ServiceFixture.get(fixture.service.copyOut(List.of(ServiceFixture.hash(15, 0)), List.of(bytes), 0)))
            .isEqualTo(Onboarded.NOTHING);
    }

    @Test
    void aDeadlineThatPassedCopiesNothing() {
        try (ServiceFixture fixture = new ServiceFixture(ServiceConfig.ofHost(64L << 20))) {
            fixture.storeChain(16, 1, BLOCK);
            final MemorySegment target = MemorySegment.ofArray(new byte[BLOCK]);
            assertThat(ServiceFixture.get(fixture.service.copyOut(
                ServiceFixture.chain(16, 1), List.of(target), NanoClock.SYSTEM.nanoTime() - 1)))
                .isEqualTo(Onboarded.NOTHING);
            assertThat(target.mismatch(MemorySegment.ofArray(new byte[BLOCK]))).isEqualTo(-1);
        }
    }

    @Test
    void anEmptyBlockIsTheCallersBug() {
        try (ServiceFixture fixture = new ServiceFixture(ServiceConfig.ofHost(64L << 20))) {
            assertThatThrownBy(() -> fixture.store(17, 0, 0)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    private static Onboarded awaitWhole(final ServiceFixture fixture, final List<BlockHash> chain) {
        Onboarded got = fixture.copyOut(chain, BLOCK);
        // A victim that is still being written is nowhere for a moment.
        final long giveUpNanos = ServiceFixture.in(20_000);
        while (got.blocks() < chain.size() && NanoClock.SYSTEM.nanoTime() - giveUpNanos < 0) {
            got = fixture.copyOut(chain, BLOCK);
        }
        assertThat(got.blocks()).isEqualTo(chain.size());
        return got;
    }

    private static Reserved reserve(final ServiceFixture fixture, final BlockKey key, final int crc) {
        final CompletableFuture<Reserved> reserved = new CompletableFuture<>();
        fixture.service.reserve(key, BLOCK, crc, reserved::complete);
        return ServiceFixture.get(reserved);
    }

    private static boolean commit(final Reserved reserved, final byte[] bytes) {
        final CompletableFuture<Boolean> done = new CompletableFuture<>();
        final Reservation reservation = ((Reserved.Granted) reserved).reservation();
        reservation.memory().copyFrom(MemorySegment.ofArray(bytes));
        reservation.commit(done::complete);
        return ServiceFixture.get(done);
    }

    private static Set<BlockHash> replay(final List<KvEvent> events, final Tier tier) {
        final Set<BlockHash> held = new HashSet<>();
        for (final KvEvent event : events) {
            switch (event) {
                case KvEvent.BlockStored(BlockHash hash, BlockHash parent, Tier at) -> {
                    if (at == tier) {
                        assertThat(held.add(hash)).as("stored twice: " + hash).isTrue();
                    }
                }
                case KvEvent.BlockRemoved(BlockHash hash, Tier at) -> {
                    if (at == tier) {
                        assertThat(held.remove(hash)).as("removed but not held: " + hash).isTrue();
                    }
                }
                case KvEvent.AllBlocksCleared() -> held.clear();
            }
        }
        return held;
    }

    private static void join(final Thread thread) {
        try {
            thread.join();
        } catch (final InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
