package io.spillway.kvstore.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.id.NodeId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.Tier;
import io.spillway.kvstore.service.BlockLease;
import io.spillway.kvstore.service.BlockSink;
import io.spillway.kvstore.service.BlockStore.Onboarded;
import io.spillway.kvstore.service.Fetch;
import io.spillway.kvstore.service.PutOutcome;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two real endpoints over loopback UDP. */
class TransferTest {
    @TempDir
    private static Path directory;
    private static Member node;
    private static Member store;

    @BeforeAll
    static void start() {
        node = Member.start("node", directory);
        store = Member.start("store", directory);
        node.connectTo(store);
    }

    @AfterAll
    static void stop() {
        node.close();
        store.close();
    }

    @Test
    void bytesArriveAsTheyWereForManySizes() {
        final List<byte[]> blocks = new ArrayList<>();
        final int[] sizes = {1, 31, 4096, 65_470, 65_471, 65_536, 393_216, 1 << 20, (2 << 20) + 7, 8 << 20};
        for (final int size : sizes) {
            blocks.add(Member.bytes(size, size));
        }
        final List<BlockHash> chain = store.store(1, blocks);
        assertThat(Member.get(node.transfer.lookup(store.id, chain, Member.in(5000)))).isEqualTo(chain.size());
        try (Arena arena = Arena.ofShared()) {
            final List<MemorySegment> targets = Member.targets(arena, blocks);
            final List<BlockHash> seen = new ArrayList<>();
            final BlockSink sink = (key, bytes) -> seen.add(key.hash());
            final Onboarded got =
                Member.get(node.transfer.get(new Fetch(store.id, chain, targets, sink), Member.in(10_000)));
            assertThat(got.blocks()).isEqualTo(blocks.size());
            assertThat(got.tiers()).containsOnly(Tier.REMOTE);
            assertThat(seen).isEqualTo(chain);
            for (int i = 0; i < blocks.size(); i++) {
                assertThat(targets.get(i).toArray(ValueLayout.JAVA_BYTE)).isEqualTo(blocks.get(i));
            }
        }
    }

    @Test
    void aGetEndsAtTheFirstBlockThatIsMissing() {
        final List<byte[]> blocks = List.of(Member.bytes(1, 5000), Member.bytes(2, 5000));
        final List<BlockHash> chain = new ArrayList<>(store.store(2, blocks));
        chain.add(new BlockHash(2, 77));
        assertThat(Member.get(node.transfer.lookup(store.id, chain, Member.in(5000)))).isEqualTo(2);
        assertThat(fetch(store.id, chain, 5000, 5000).blocks()).isEqualTo(2);
    }

    @Test
    void aBlockOfAnotherSizeIsAMiss() {
        final List<BlockHash> chain = store.store(3, List.of(Member.bytes(1, 5000)));
        assertThat(fetch(store.id, chain, 4999, 5000).blocks()).isZero();
        assertThat(fetch(store.id, chain, 5000, 5000).blocks()).isEqualTo(1);
    }

    @Test
    void putIsStoredOnceAndVerified() {
        final byte[] bytes = Member.bytes(4, 3 << 20);
        final List<BlockHash> chain = node.store(4, List.of(bytes));
        final BlockLease lease = node.lease(chain.getFirst());
        assertThat(Member.get(node.transfer.put(store.id, lease, Member.in(5000)))).isEqualTo(PutOutcome.STORED);
        assertThat(Member.get(node.transfer.put(store.id, lease, Member.in(5000)))).isEqualTo(PutOutcome.ALREADY_HELD);
        lease.release();
        final BlockLease kept = store.lease(chain.getFirst());
        assertThat(kept.block().crc32c()).isEqualTo(lease.block().crc32c());
        assertThat(kept.block().isIntact()).isTrue();
        assertThat(kept.block().key()).isEqualTo(lease.block().key());
        kept.release();
    }

    @Test
    void aByteThatChangedInTheStoreIsAMissAndTheBlockIsGone() {
        final List<BlockHash> chain = store.store(5, List.of(Member.bytes(5, 100_000), Member.bytes(6, 100_000)));
        final BlockLease lease = store.lease(chain.get(1));
        flip(lease, 70_000);
        lease.release();
        assertThat(fetch(store.id, chain, 100_000, 5000).blocks()).isEqualTo(1);
        assertThat(Member.get(node.transfer.lookup(store.id, chain, Member.in(5000)))).isEqualTo(1);
    }

    @Test
    void aByteThatChangedAfterTheLeaseWasCheckedIsFoundByWhoReadsIt() {
        final byte[] bytes = Member.bytes(7, 1 << 20);
        final List<BlockHash> chain = node.store(7, List.of(bytes));
        final BlockLease lease = node.lease(chain.getFirst());
        flip(lease, 12);
        assertThat(Member.get(node.transfer.put(store.id, lease, Member.in(5000)))).isEqualTo(PutOutcome.CORRUPT);
        lease.release();
        assertThat(Member.get(node.transfer.lookup(store.id, chain, Member.in(5000)))).isZero();
    }

    @Test
    void cancelEndsARequestAndNothingIsWrittenAfterwards() {
        final List<byte[]> blocks = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            blocks.add(Member.bytes(i, 4 << 20));
        }
        final List<BlockHash> chain = store.store(8, blocks);
        try (Arena arena = Arena.ofShared()) {
            final List<MemorySegment> targets = Member.targets(arena, blocks);
            // The first block holds the transfer up until it has been cancelled, however fast the machine is.
            final CountDownLatch cancelled = new CountDownLatch(1);
            final CompletableFuture<Onboarded> getting = node.transfer.get(
                new Fetch(store.id, chain, targets, (key, bytes) -> awaitQuietly(cancelled)), Member.in(10_000));
            assertThat(getting.cancel(true)).isFalse();
            getting.cancel(true);
            cancelled.countDown();
            final int got = Member.get(getting).blocks();
            assertThat(got).isLessThan(16);
            targets.forEach(target -> target.fill((byte) 0));
            assertThat(fetch(store.id, chain.subList(0, 1), 4 << 20, 5000).blocks()).isEqualTo(1);
            for (final MemorySegment target : targets) {
                assertThat(target.mismatch(arena.allocate(target.byteSize()))).isEqualTo(-1);
            }
        }
    }

    /** A cancel that overtakes its request on the way to the agent is not lost. */
    @Test
    void cancelAtOnceEndsEveryRequest() {
        final List<byte[]> blocks = List.of(Member.bytes(1, 1 << 20), Member.bytes(2, 1 << 20), Member.bytes(3, 1 << 20));
        final List<BlockHash> chain = store.store(11, blocks);
        try (Arena arena = Arena.ofShared()) {
            for (int i = 0; i < 50; i++) {
                final CountDownLatch cancelled = new CountDownLatch(1);
                final CompletableFuture<Onboarded> getting = node.transfer.get(new Fetch(store.id, chain,
                    Member.targets(arena, blocks), (key, bytes) -> awaitQuietly(cancelled)), Member.in(10_000));
                getting.cancel(true);
                cancelled.countDown();
                assertThat(Member.get(getting).blocks()).as("request " + i).isLessThan(3);
            }
        }
    }

    private static void awaitQuietly(final CountDownLatch latch) {
        try {
            latch.await();
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void aDeadlineEndsARequestWithWhatArrived() {
        final List<byte[]> blocks = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            blocks.add(Member.bytes(i, 8 << 20));
        }
        final List<BlockHash> chain = store.store(9, blocks);
        final long before = Member.CLOCK.nanoTime();
        assertThat(fetch(store.id, chain, 8 << 20, 3).blocks()).isLessThan(8);
        assertThat(Member.CLOCK.nanoTime() - before).isLessThan(2_000_000_000L);
        assertThat(fetch(store.id, chain, 8 << 20, 10_000).blocks()).isEqualTo(8);
    }

    @Test
    void anUnknownPeerIsAMissAtOnce() {
        final NodeId nobody = new NodeId("nobody");
        final List<BlockHash> chain = List.of(new BlockHash(1, 1));
        assertThat(Member.get(node.transfer.lookup(nobody, chain, Member.in(60_000)))).isZero();
        assertThat(fetch(nobody, chain, 10, 60_000)).isEqualTo(Onboarded.NOTHING);
    }

    @Test
    void manyRequestsAtOnceAreAllAnswered() {
        final List<BlockHash> chain = store.store(10, List.of(Member.bytes(10, 200_000), Member.bytes(11, 200_000)));
        try (Arena arena = Arena.ofShared()) {
            final List<CompletableFuture<Onboarded>> all = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                final List<MemorySegment> targets = List.of(arena.allocate(200_000), arena.allocate(200_000));
                all.add(node.transfer.get(new Fetch(store.id, chain, targets, BlockSink.NONE), Member.in(20_000)));
            }
            all.forEach(one -> assertThat(Member.get(one).blocks()).isEqualTo(2));
        }
        assertThat(node.transfer.counters().malformedFrames()).isZero();
        assertThat(store.transfer.counters().malformedFrames()).isZero();
    }

    private static Onboarded fetch(final NodeId peer, final List<BlockHash> chain, final int bytes, final long millis) {
        try (Arena arena = Arena.ofShared()) {
            final List<MemorySegment> targets = chain.stream().map(hash -> arena.allocate(bytes)).toList();
            return Member.get(node.transfer.get(new Fetch(peer, chain, targets, BlockSink.NONE), Member.in(millis)));
        }
    }

    private static void flip(final BlockLease lease, final long at) {
        final MemorySegment part = lease.block().memory().parts().getFirst();
        part.set(ValueLayout.JAVA_BYTE, at, (byte) (part.get(ValueLayout.JAVA_BYTE, at) ^ 4));
    }
}
