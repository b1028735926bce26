package io.spillway.kvstore.service;

import io.spillway.domain.id.NodeId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.Tier;
import io.spillway.kvstore.service.BlockStore.Onboarded;
import io.spillway.kvstore.tier.BlockKey;
import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** Peers as plain sets of hashes; answers at once. Bytes are {@link ServiceFixture#bytes}. */
final class FakeTransport implements BlockTransport {
    final Map<NodeId, Set<BlockHash>> held = new TreeMap<>();
    final Set<NodeId> down = Collections.newSetFromMap(new ConcurrentHashMap<>());
    final List<NodeId> fetchedFrom = new CopyOnWriteArrayList<>();
    final List<BlockHash> put = new CopyOnWriteArrayList<>();
    volatile int blocksBeforeFailure = Integer.MAX_VALUE;
    volatile List<Peer> peers = List.of();

    Set<BlockHash> of(final String peer) {
        return held.computeIfAbsent(new NodeId(peer), id -> Collections.synchronizedSet(new HashSet<>()));
    }

    @Override
    public void setPeers(final List<Peer> current) {
        peers = current;
    }

    @Override
    public boolean isConnected(final NodeId peer) {
        return held.containsKey(peer) && !down.contains(peer);
    }

    @Override
    public CompletableFuture<Integer> lookup(
        final NodeId peer, final List<BlockHash> blocks, final long deadlineNanos) {
        int run = 0;
        while (isConnected(peer) && run < blocks.size() && held.get(peer).contains(blocks.get(run))) {
            run++;
        }
        return CompletableFuture.completedFuture(run);
    }

    @Override
    public CompletableFuture<Onboarded> get(final Fetch fetch, final long deadlineNanos) {
        fetchedFrom.add(fetch.peer());
        int got = 0;
        while (got < Math.min(fetch.blocks().size(), blocksBeforeFailure)
            && held.get(fetch.peer()).contains(fetch.blocks().get(got))) {
            final BlockHash hash = fetch.blocks().get(got);
            final MemorySegment target = fetch.targets().get(got);
            target.copyFrom(MemorySegment.ofArray(ServiceFixture.bytes(hash, (int) target.byteSize())));
            fetch.sink().onBlock(new BlockKey(hash, new BlockHash(hash.high(), hash.low() - 1)), target);
            got++;
        }
        return CompletableFuture.completedFuture(new Onboarded(got, Collections.nCopies(got, Tier.REMOTE)));
    }

    @Override
    public CompletableFuture<PutOutcome> put(final NodeId peer, final BlockLease block, final long deadlineNanos) {
        final BlockHash hash = block.block().key().hash();
        put.add(hash);
        return CompletableFuture.completedFuture(
            held.get(peer).add(hash) ? PutOutcome.STORED : PutOutcome.ALREADY_HELD);
    }

    @Override
    public void close() {
        // nothing held
    }
}
