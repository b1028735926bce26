package io.spillway.kvstore.service;

import io.spillway.domain.id.NodeId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.kvstore.service.BlockStore.Onboarded;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Port: moves blocks between members. Callable from any thread, never blocks.
 *
 * <p>Fails open: futures never complete exceptionally; a peer that is unknown, not connected, slow, lost or lying is a
 * shorter result. Cancelling a returned future asks the transport to stop; the future completes when it has. Futures
 * complete on the transport's thread.
 */
public interface BlockTransport extends AutoCloseable {
    /** Who may be asked from now on; what is under way with others may still end well. */
    void setPeers(List<Peer> peers);

    /** @return true while the peer answers; a moment old */
    boolean isConnected(NodeId peer);

    /** @return how many leading {@code blocks} the peer holds */
    CompletableFuture<Integer> lookup(NodeId peer, List<BlockHash> blocks, long deadlineNanos);

    /** @return leading blocks that are valid in their targets; nothing is written to any target afterwards */
    CompletableFuture<Onboarded> get(Fetch fetch, long deadlineNanos);

    /**
     * Offers one block to a peer.
     *
     * @param block read until the future completes; the caller releases it afterwards
     */
    CompletableFuture<PutOutcome> put(NodeId peer, BlockLease block, long deadlineNanos);

    /** Ends all requests and links. */
    @Override
    void close();
}
