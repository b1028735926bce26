package io.spillway.kvstore.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.cluster.NodeRole;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.kvstore.service.BlockLease;
import io.spillway.kvstore.service.BlockSink;
import io.spillway.kvstore.service.BlockStore.Onboarded;
import io.spillway.kvstore.service.Fetch;
import io.spillway.kvstore.service.PutOutcome;
import io.spillway.kvstore.service.ServiceConfig;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What slow, dead and returning peers cost. */
class TransferFaultTest {
    @TempDir
    private Path directory;

    @Test
    void aPeerThatDiesEndsItsRequestsSoonAndComesBackUnderTheSameAddress() {
        try (Member node = Member.start("node", directory)) {
            final Member first = Member.start("store", directory);
            node.connectTo(first);
            final int port = first.transfer.endpoint().port();
            final List<BlockHash> chain = first.store(1, blocks(1, 1 << 20));
            assertThat(fetch(node, first.id, chain, 1 << 20, 5000).blocks()).isEqualTo(1);
            first.transfer.close();
            final long before = Member.CLOCK.nanoTime();
            assertThat(Member.get(node.transfer.lookup(first.id, chain, Member.in(60_000)))).isZero();
            assertThat(TimeUnit.NANOSECONDS.toSeconds(Member.CLOCK.nanoTime() - before)).isLessThan(8);
            first.service.close();
            Member.await(() -> !node.transfer.isConnected(first.id));
            final long down = Member.CLOCK.nanoTime();
            assertThat(Member.get(node.transfer.lookup(first.id, chain, Member.in(60_000)))).isZero();
            assertThat(TimeUnit.NANOSECONDS.toMillis(Member.CLOCK.nanoTime() - down)).isLessThan(1000);
            final TransferConfig again = TransferConfig.of(first.id,
                new TransferConfig.Listen("127.0.0.1", port, "127.0.0.1"), directory.resolve("again"));
            try (Member second = new Member("store", ServiceConfig.ofHost(64L << 20), again)) {
                second.store(1, blocks(1, 1 << 20));
                Member.await(() -> node.transfer.isConnected(first.id));
                assertThat(fetch(node, first.id, chain, 1 << 20, 5000).blocks()).isEqualTo(1);
            }
            assertThat(node.transfer.counters().linksLost()).isPositive();
        }
    }

    @Test
    void aSlowReaderStopsItsSenderAndNobodyElse() {
        try (Member store = Member.start("store", directory); Member slow = Member.start("slow", directory);
            Member quick = Member.start("quick", directory)) {
            slow.connectTo(store);
            quick.connectTo(store);
            final List<BlockHash> chain = store.store(2, blocks(32, 1 << 20));
            final CountDownLatch stalled = new CountDownLatch(1);
            final CountDownLatch goOn = new CountDownLatch(1);
            final BlockSink sink = (key, bytes) -> {
                // Holds up the slow member's agent, as a stopped process would.
                stalled.countDown();
                awaitLatch(goOn);
            };
            try (Arena arena = Arena.ofShared()) {
                final List<MemorySegment> targets = targets(arena, 32, 1 << 20);
                final CompletableFuture<Onboarded> crawling =
                    slow.transfer.get(new Fetch(store.id, chain, targets, sink), Member.in(30_000));
                awaitLatch(stalled);
                assertThat(fetch(quick, store.id, chain, 1 << 20, 10_000).blocks()).isEqualTo(32);
                assertThat(crawling).isNotDone();
                final long windowBytes = (long) (4 << 20) + (1 << 20);
                assertThat(store.transfer.counters().bytesOut() - (32L << 20)).isLessThanOrEqualTo(windowBytes);
                goOn.countDown();
                assertThat(Member.get(crawling).blocks()).isEqualTo(32);
            }
        }
    }

    @Test
    void aStoreThatIsFullRefuses() {
        try (Member node = Member.start("node", directory);
            Member store = new Member("store", ServiceConfig.ofHost(1 << 20),
                TransferConfig.ofLoopback(new NodeId("store"), directory.resolve("store")))) {
            node.connectTo(store);
            final List<BlockHash> chain = node.store(3, blocks(1, 2 << 20));
            final BlockLease lease = node.lease(chain.getFirst());
            assertThat(Member.get(node.transfer.put(store.id, lease, Member.in(5000)))).isEqualTo(PutOutcome.REFUSED);
            lease.release();
        }
    }

    @Test
    void anotherMemberUnderAnAddressIsNotTheOneThatWasMeant() {
        try (Member node = Member.start("node", directory); Member other = Member.start("other", directory)) {
            final List<BlockHash> chain = other.store(4, blocks(1, 5000));
            final NodeId meant = new NodeId("meant");
            node.transfer.setPeers(List.of(new io.spillway.kvstore.service.Peer(
                meant, NodeRole.STORE, other.transfer.endpoint())));
            assertThat(Member.get(node.transfer.lookup(meant, chain, Member.in(1500)))).isZero();
            assertThat(node.transfer.isConnected(meant)).isFalse();
        }
    }

    @Test
    void closingEndsWhatIsUnderWay() {
        final Member node = Member.start("node", directory);
        try (Member store = Member.start("store", directory); Arena arena = Arena.ofShared()) {
            node.connectTo(store);
            final List<BlockHash> chain = store.store(5, blocks(16, 4 << 20));
            final CompletableFuture<Onboarded> getting = node.transfer.get(
                new Fetch(store.id, chain, targets(arena, 16, 4 << 20), BlockSink.NONE), Member.in(60_000));
            node.close();
            assertThat(Member.get(getting).blocks()).isLessThan(16);
            assertThat(Member.get(node.transfer.lookup(store.id, chain, Member.in(60_000)))).isZero();
        }
    }

    @Test
    void packetsForRealNetworksCarryTheSameBytes() {
        final TransferConfig.Packets small = new TransferConfig.Packets(1408, 1408);
        final TransferConfig plain = TransferConfig.ofLoopback(new NodeId("store"), directory.resolve("store"));
        final TransferConfig config = new TransferConfig(
            plain.self(), plain.listen(), plain.directory(), small, plain.windowBytes(), plain.peerLostNanos());
        try (Member node = Member.start("node", directory);
            Member store = new Member("store", ServiceConfig.ofHost(64L << 20), config)) {
            node.connectTo(store);
            final List<BlockHash> chain = store.store(6, blocks(4, 1_000_003));
            assertThat(fetch(node, store.id, chain, 1_000_003, 10_000).blocks()).isEqualTo(4);
        }
    }

    private static List<byte[]> blocks(final int count, final int bytes) {
        final List<byte[]> blocks = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            blocks.add(Member.bytes(i, bytes));
        }
        return blocks;
    }

    private static List<MemorySegment> targets(final Arena arena, final int count, final int bytes) {
        final List<MemorySegment> targets = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            targets.add(arena.allocate(bytes));
        }
        return targets;
    }

    private static Onboarded fetch(
        final Member member, final NodeId peer, final List<BlockHash> chain, final int bytes, final long millis) {
        try (Arena arena = Arena.ofShared()) {
            final List<MemorySegment> targets = targets(arena, chain.size(), bytes);
            final Onboarded got =
                Member.get(member.transfer.get(new Fetch(peer, chain, targets, BlockSink.NONE), Member.in(millis)));
            for (int i = 0; i < got.blocks(); i++) {
                assertThat(targets.get(i).mismatch(MemorySegment.ofArray(Member.bytes(i, bytes)))).isEqualTo(-1);
            }
            return got;
        }
    }

    private static void awaitLatch(final CountDownLatch latch) {
        try {
            assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
        } catch (final InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
