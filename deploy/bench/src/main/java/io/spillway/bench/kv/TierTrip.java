package io.spillway.bench.kv;

import io.spillway.domain.id.NodeId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.time.NanoClock;
import io.spillway.kvstore.service.BlockLease;
import io.spillway.kvstore.service.BlockService;
import io.spillway.kvstore.service.BlockStore;
import io.spillway.kvstore.service.BlockTransport;
import io.spillway.kvstore.service.Peer;
import io.spillway.kvstore.service.PutOutcome;
import io.spillway.kvstore.service.ServiceConfig;
import io.spillway.kvstore.service.TieredBlockStore;
import io.spillway.kvstore.service.TieredConfig;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;

/** Blocks of a device tier go down to the node's host tier and come back, by the store that nodes use. No other member. */
final class TierTrip implements AutoCloseable {
    private static final long DEADLINE_NANOS = 120_000_000_000L;

    private final BlockService service;
    private final TieredBlockStore store;

    /** @param hostBytes of the host tier */
    TierTrip(final long hostBytes) {
        service = BlockService.start(ServiceConfig.ofHost(hostBytes), event -> { }, NanoClock.SYSTEM);
        store = new TieredBlockStore(service, new Alone(), TieredConfig.DEFAULT, NanoClock.SYSTEM);
    }

    /** @return nanoseconds until the host tier holds a copy of every block */
    long offload(final List<MemorySegment> blocks) throws InterruptedException {
        final CountDownLatch released = new CountDownLatch(blocks.size());
        final long begin = System.nanoTime();
        for (int i = 0; i < blocks.size(); i++) {
            while (!store.offload(hash(i), hash(i - 1), blocks.get(i), released::countDown)) {
                Thread.onSpinWait();
            }
        }
        released.await();
        return System.nanoTime() - begin;
    }

    /** @return nanoseconds until every block is back @throws IllegalStateException when one is not */
    long onboard(final List<MemorySegment> targets) {
        final List<BlockHash> chain = new ArrayList<>();
        for (int i = 0; i < targets.size(); i++) {
            chain.add(hash(i));
        }
        final long begin = System.nanoTime();
        final BlockStore.Found found = store.lookup(chain, begin + DEADLINE_NANOS).join();
        final int arrived = store.onboard(chain, found, targets, begin + DEADLINE_NANOS).join().blocks();
        final long nanos = System.nanoTime() - begin;
        if (arrived != targets.size()) {
            throw new IllegalStateException(arrived + " of " + targets.size() + " blocks came back");
        }
        return nanos;
    }

    private static BlockHash hash(final int index) {
        return new BlockHash(1, index + 1L);
    }

    @Override
    public void close() {
        store.close();
        service.close();
    }

    /** A cluster of one. */
    private static final class Alone implements BlockTransport {
        @Override
        public void setPeers(final List<Peer> peers) {
            // there is nobody
        }

        @Override
        public boolean isConnected(final NodeId peer) {
            return false;
        }

        @Override
        public CompletableFuture<Integer> lookup(final NodeId peer, final List<BlockHash> blocks, final long deadlineNanos) {
            return CompletableFuture.completedFuture(0);
        }

        @Override
        public CompletableFuture<BlockStore.Onboarded> get(final io.spillway.kvstore.service.Fetch fetch, final long deadlineNanos) {
            return CompletableFuture.completedFuture(BlockStore.Onboarded.NOTHING);
        }

        @Override
        public CompletableFuture<PutOutcome> put(final NodeId peer, final BlockLease block, final long deadlineNanos) {
            return CompletableFuture.completedFuture(PutOutcome.UNKNOWN);
        }

        @Override
        public void close() {
            // holds nothing
        }
    }
}
