package io.spillway.kvstore.service;

import io.spillway.domain.cluster.NodeRole;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.time.NanoClock;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Sends blocks of the own host tier to the store server that keeps their chain, a few at a time. What waits is only a
 * name: a block that is evicted before its turn is not sent. Single writer: the block service's thread.
 */
final class WriteBehind {
    private final BlockService service;
    private final BlockTransport transport;
    private final TieredConfig config;
    private final NanoClock clock;
    private final Deque<Waiting> waiting = new ArrayDeque<>();
    /** Blocks per {@link PutOutcome}, then blocks never sent; written here, read anywhere. */
    private final AtomicLongArray counts = new AtomicLongArray(PutOutcome.values().length + 1);
    private volatile List<Peer> peers = List.of();
    private int underWay;

    WriteBehind(
        final BlockService service, final BlockTransport transport, final TieredConfig config, final NanoClock clock) {
        this.service = service;
        this.transport = transport;
        this.config = config;
        this.clock = clock;
    }

    /** Any thread. */
    void setPeers(final List<Peer> current) {
        peers = List.copyOf(current);
    }

    /** On the service's thread. */
    void offer(final BlockHash hash, final BlockHash chain) {
        if (waiting.size() >= config.putsWaitingMax()) {
            counts.incrementAndGet(PutOutcome.values().length);
            return;
        }
        waiting.add(new Waiting(hash, chain));
        pump();
    }

    /** @return blocks that ended so. Any thread. */
    long count(final PutOutcome outcome) {
        return counts.get(outcome.ordinal());
    }

    /** @return blocks for which there was no store, no room to wait, or which were evicted first. Any thread. */
    long notSent() {
        return counts.get(PutOutcome.values().length);
    }

    private void pump() {
        while (underWay < config.putsUnderWayMax() && !waiting.isEmpty()) {
            final Waiting next = waiting.poll();
            final Optional<NodeId> store = storeFor(next.chain());
            underWay++;
            if (store.isEmpty()
                || !service.acquire(next.hash(), lease -> send(store.get(), lease))) {
                giveUp();
            }
        }
    }

    private Optional<NodeId> storeFor(final BlockHash chain) {
        return Rendezvous.choose(chain, peers.stream()
            .filter(peer -> peer.role() == NodeRole.STORE && transport.isConnected(peer.id())).map(Peer::id).toList());
    }

    private void send(final NodeId store, final BlockLease lease) {
        if (lease == null) {
            giveUp();
            pump();
            return;
        }
        transport.put(store, lease, clock.nanoTime() + config.putNanosMax()).thenAccept(outcome -> {
            lease.release();
            service.giveBack(() -> {
                counts.incrementAndGet(outcome.ordinal());
                underWay--;
                pump();
            });
        });
    }

    private void giveUp() {
        counts.incrementAndGet(PutOutcome.values().length);
        underWay--;
    }

    /** @param chain decides which store it goes to */
    private record Waiting(BlockHash hash, BlockHash chain) {
    }
}
