package io.spillway.coordinator.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.grpc.Server;
import io.grpc.ServerBuilder;
import io.spillway.coordinator.state.Command;
import io.spillway.domain.cluster.Endpoint;
import io.spillway.domain.cluster.NodeDescriptor;
import io.spillway.domain.cluster.NodeLoad;
import io.spillway.domain.cluster.NodeRole;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.KvEvent;
import io.spillway.domain.kv.KvEventBatch;
import io.spillway.domain.kv.Tier;
import io.spillway.domain.time.NanoClock;
import io.spillway.wire.link.CoordinatorLink;
import io.spillway.wire.link.EventFeed;
import io.spillway.wire.link.LinkConfig;
import io.spillway.wire.link.LinkListener;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A member's link against the real service over a real socket. */
class MembershipLinkTest {
    private static final BlockHash ROOT = new BlockHash(9, 9);
    private final MemoryLog log = new MemoryLog();
    private final List<KvEventBatch> batches = new CopyOnWriteArrayList<>();
    private final List<NodeLoad> loads = new CopyOnWriteArrayList<>();
    private final AtomicBoolean askResync = new AtomicBoolean();
    private final AtomicLong commands = new AtomicLong();
    private MemberStreams streams;
    private Server server;

    @BeforeEach
    void start() throws Exception {
        streams = new MemberStreams(new MemberStreams.Sink() {
            @Override
            public void onKvEvents(final KvEventBatch batch) {
                batches.add(batch);
                if (askResync.compareAndSet(true, false)) {
                    streams.resync(batch.source());
                }
            }

            @Override
            public void onLoad(final NodeLoad load) {
                loads.add(load);
            }

            @Override
            public void onReachable() {
                // read when asked
            }
        });
        log.listeners.add(streams::onView);
        server = await().ignoreExceptions().until(() -> serve(port()), Objects::nonNull);
    }

    /** Below the range from which the system takes ports of outgoing connections: nobody else takes it during a restart. */
    private static int port() {
        return 20_000 + ThreadLocalRandom.current().nextInt(10_000);
    }

    private Server serve(final int port) throws IOException {
        return ServerBuilder.forPort(port)
            .addService(new MembershipService(log, streams, () -> "c" + commands.incrementAndGet(), 10_000)).build().start();
    }

    @AfterEach
    void stop() {
        server.shutdownNow();
    }

    @Test
    void eventsLoadAndPeersTravel() throws Exception {
        final EventFeed feed = new EventFeed(new NodeId("n1"), 64);
        feed.append(stored(1));
        final Member listener = new Member("n1");
        try (CoordinatorLink link = link("n1", feed, listener)) {
            final long epoch = link.start().get(10, TimeUnit.SECONDS);
            await().until(() -> !batches.isEmpty() && !loads.isEmpty());
            assertThat(batches.getFirst()).isEqualTo(new KvEventBatch(new NodeId("n1"), epoch, 1, true, List.of(stored(1))));
            feed.append(stored(2));
            await().until(() -> batches.size() >= 2);
            assertThat(batches.get(1)).isEqualTo(new KvEventBatch(new NodeId("n1"), epoch, 1, false, List.of(stored(2))));
            assertThat(streams.reachable().members()).containsOnlyKeys(new NodeId("n1"));

            try (CoordinatorLink other = link("n2", new EventFeed(new NodeId("n2"), 64), new Member("n2"))) {
                other.start().get(10, TimeUnit.SECONDS);
                await().until(() -> listener.peers.equals(List.of("n2")));
            }
            await().until(() -> streams.reachable().members().size() == 1);
        }
    }

    @Test
    void aGapIsAnsweredWithASnapshot() throws Exception {
        final EventFeed feed = new EventFeed(new NodeId("n1"), 64);
        try (CoordinatorLink link = link("n1", feed, new Member("n1"))) {
            link.start().get(10, TimeUnit.SECONDS);
            await().until(() -> !batches.isEmpty());
            askResync.set(true);
            feed.append(stored(1));
            await().until(() -> batches.size() >= 3);
            assertThat(batches.get(2).snapshot()).isTrue();
            assertThat(batches.get(2).events()).containsExactly(stored(1));
        }
    }

    @Test
    void aMemberWhoseLeaseEndedRegistersAgain() throws Exception {
        final Member listener = new Member("n1");
        final LeaseKeeper keeper = new LeaseKeeper(log, streams, () -> "k" + commands.incrementAndGet(), 10_000);
        try (CoordinatorLink link = link("n1", new EventFeed(new NodeId("n1"), 64), listener)) {
            final long first = link.start().get(10, TimeUnit.SECONDS);
            await().until(() -> streams.reachable().members().size() == 1);
            keeper.tick(log.epochMillis.get());
            keeper.tick(log.epochMillis.addAndGet(6_000));
            assertThat(log.proposed).last().isInstanceOf(Command.RenewLeases.class);
            log.epochMillis.addAndGet(60_000);
            log.propose("expire", new Command.ExpireLeases());
            assertThat(log.view().members()).isEmpty();
            keeper.tick(log.epochMillis.get());
            await().until(() -> listener.epoch.get() > first);
            await().until(() -> streams.reachable().members().size() == 1);
            assertThat(batches).last().matches(KvEventBatch::snapshot);
        }
    }

    @Test
    void aLostReplicaIsFoundAgain() throws Exception {
        final EventFeed feed = new EventFeed(new NodeId("n1"), 64);
        try (CoordinatorLink link = link("n1", feed, new Member("n1"))) {
            link.start().get(10, TimeUnit.SECONDS);
            await().until(() -> !batches.isEmpty());
            final int port = server.getPort();
            server.shutdownNow().awaitTermination();
            batches.clear();
            server = await().ignoreExceptions().until(() -> serve(port), Objects::nonNull);
            await().atMost(Duration.ofSeconds(20)).until(() -> !batches.isEmpty());
            assertThat(batches.getFirst().snapshot()).isTrue();
        }
    }

    private static KvEvent stored(final long low) {
        return new KvEvent.BlockStored(new BlockHash(0, low), ROOT, Tier.HOST);
    }

    private CoordinatorLink link(final String id, final EventFeed feed, final Member listener) {
        final LinkConfig config = new LinkConfig(List.of(new Endpoint("127.0.0.1", server.getPort())),
            Duration.ofMillis(20), Duration.ofMillis(200), Duration.ofMillis(20));
        final NodeDescriptor self = new NodeDescriptor(new NodeId(id), NodeRole.STORE, new Endpoint("127.0.0.1", 1),
            new Endpoint("127.0.0.1", 2), Optional.empty(), 0);
        return new CoordinatorLink(config, self, feed, listener, NanoClock.SYSTEM);
    }

    private static final class Member implements LinkListener {
        private final NodeId id;
        private final AtomicLong epoch = new AtomicLong();
        private volatile List<String> peers = List.of();

        private Member(final String id) {
            this.id = new NodeId(id);
        }

        @Override
        public void onRegistered(final long newEpoch) {
            epoch.set(newEpoch);
        }

        @Override
        public NodeLoad load(final long forEpoch) {
            return new NodeLoad(id, forEpoch, 0, 0, 0, 0, 0, 0, 0, 0, 0, NodeLoad.TierUse.NONE);
        }

        @Override
        public void onPeers(final List<NodeDescriptor> newPeers) {
            peers = newPeers.stream().map(peer -> peer.id().value()).toList();
        }
    }
}
