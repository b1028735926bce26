package io.spillway.kvstore.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.domain.cluster.Endpoint;
import io.spillway.domain.cluster.NodeRole;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.Tier;
import io.spillway.domain.time.NanoClock;
import io.spillway.kvstore.service.BlockStore.Found;
import io.spillway.kvstore.service.BlockStore.Onboarded;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TieredBlockStoreTest {
    private static final int BLOCK = 5000;
    private final FakeTransport transport = new FakeTransport();
    private ServiceFixture own;
    private TieredBlockStore store;

    @BeforeEach
    void start() {
        own = new ServiceFixture(ServiceConfig.ofHost(16L << 20));
        store = new TieredBlockStore(own.service, transport, TieredConfig.DEFAULT, NanoClock.SYSTEM);
        List.of("engine-a", "store-b", "store-c").forEach(transport::of);
        store.setPeers(List.of(peer("engine-a", NodeRole.ENGINE), peer("store-c", NodeRole.STORE),
            peer("store-b", NodeRole.STORE)));
    }

    @AfterEach
    void stop() {
        store.close();
        own.close();
    }

    @Test
    void anOffloadedChainGoesToOneStoreAndNeverToAnEngine() {
        offload(1, 10);
        awaitSent(10);
        assertThat(transport.of("engine-a")).isEmpty();
        assertThat(List.of(transport.of("store-b").size(), transport.of("store-c").size()))
            .containsExactlyInAnyOrder(0, 10);
        assertThat(store.counters().stored()).isEqualTo(10);
        offload(1, 10);
        awaitSent(20);
        assertThat(store.counters().alreadyHeld()).isEqualTo(10);
        own.awaitHostBlocks(10);
    }

    @Test
    void withoutAStoreBlocksStayHere() {
        transport.down.add(new NodeId("store-b"));
        transport.down.add(new NodeId("store-c"));
        offload(2, 3);
        ServiceFixture.get(own.service.counters());
        assertThat(transport.put).isEmpty();
        assertThat(store.counters().notSent()).isEqualTo(3);
        assertThat(lookup(2, 5)).isEqualTo(new Found(3, List.of(new Found.Segment("", 3))));
    }

    @Test
    void theLongestRunWinsAndStoresWinTies() {
        own.storeChain(3, 2, BLOCK);
        transport.of("engine-a").addAll(ServiceFixture.chain(3, 6));
        transport.of("store-c").addAll(ServiceFixture.chain(3, 5));
        assertThat(lookup(3, 8).segments())
            .containsExactly(new Found.Segment("", 2), new Found.Segment("engine-a", 4));
        transport.of("store-c").addAll(ServiceFixture.chain(3, 6));
        transport.of("store-b").addAll(ServiceFixture.chain(3, 6));
        assertThat(lookup(3, 8).segments().get(1)).isEqualTo(new Found.Segment("store-b", 4));
        assertThat(lookup(4, 8)).isEqualTo(Found.NOTHING);
    }

    @Test
    void onboardJoinsOwnAndFetchedBlocksAndKeepsTheFetched() {
        own.storeChain(5, 2, BLOCK);
        transport.of("store-b").addAll(ServiceFixture.chain(5, 6));
        final Onboarded got = onboard(5, 6);
        assertThat(got.tiers())
            .containsExactly(Tier.HOST, Tier.HOST, Tier.REMOTE, Tier.REMOTE, Tier.REMOTE, Tier.REMOTE);
        transport.down.add(new NodeId("store-b"));
        assertThat(onboard(5, 6).tiers()).containsOnly(Tier.HOST).hasSize(6);
        assertThat(transport.fetchedFrom).containsExactly(new NodeId("store-b"));
    }

    @Test
    void aPeerThatFailsHalfWayLeavesTheFront() {
        own.storeChain(6, 1, BLOCK);
        transport.of("store-b").addAll(ServiceFixture.chain(6, 6));
        transport.blocksBeforeFailure = 2;
        assertThat(onboard(6, 6).blocks()).isEqualTo(3);
    }

    @Test
    void ownBlocksThatVanishedMakeTheRestWorthless() {
        own.storeChain(7, 2, BLOCK);
        transport.of("store-b").addAll(ServiceFixture.chain(7, 4));
        final Found found = lookup(7, 4);
        final BlockLease lease = own.lease(ServiceFixture.hash(7, 1));
        ServiceFixture.flip(lease, 1);
        lease.release();
        assertThat(onboard(found, 7).blocks()).isEqualTo(1);
    }

    @Test
    void aClosedStoreRefuses() {
        store.close();
        assertThat(store.offload(ServiceFixture.hash(8, 0), ServiceFixture.hash(8, -1),
            MemorySegment.ofArray(new byte[1]), () -> { })).isFalse();
        assertThat(lookup(8, 1)).isEqualTo(Found.NOTHING);
    }

    @Test
    void moreBlocksThanFoundIsTheCallersBug() {
        final List<MemorySegment> targets = List.of(MemorySegment.ofArray(new byte[1]));
        assertThatThrownBy(() -> store.onboard(ServiceFixture.chain(9, 1), Found.NOTHING, targets, 0))
            .isInstanceOf(IllegalArgumentException.class);
    }

    private void offload(final long chain, final int blocks) {
        for (int i = 0; i < blocks; i++) {
            final BlockHash hash = ServiceFixture.hash(chain, i);
            final CompletableFuture<Void> released = new CompletableFuture<>();
            assertThat(store.offload(hash, ServiceFixture.hash(chain, i - 1),
                MemorySegment.ofArray(ServiceFixture.bytes(hash, BLOCK)), () -> released.complete(null))).isTrue();
            ServiceFixture.get(released);
        }
    }

    private void awaitSent(final int count) {
        while (store.counters().stored() + store.counters().alreadyHeld() < count) {
            ServiceFixture.get(own.service.counters());
        }
        assertThat(transport.put).hasSize(count);
    }

    private Found lookup(final long chain, final int blocks) {
        return ServiceFixture.get(store.lookup(ServiceFixture.chain(chain, blocks), ServiceFixture.in(5000)));
    }

    private Onboarded onboard(final long chain, final int blocks) {
        return onboard(lookup(chain, blocks), chain);
    }

    private Onboarded onboard(final Found found, final long chain) {
        final List<BlockHash> blocks = ServiceFixture.chain(chain, found.blocks());
        final List<MemorySegment> targets =
            blocks.stream().map(block -> MemorySegment.ofArray(new byte[BLOCK])).toList();
        final Onboarded got = ServiceFixture.get(store.onboard(blocks, found, targets, ServiceFixture.in(5000)));
        ServiceFixture.requireEqual(blocks, targets, got.blocks());
        return got;
    }

    private static Peer peer(final String id, final NodeRole role) {
        return new Peer(new NodeId(id), role, new Endpoint("127.0.0.1", 4000 + id.hashCode() % 100 + 100));
    }
}
