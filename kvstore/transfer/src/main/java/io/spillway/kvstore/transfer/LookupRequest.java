package io.spillway.kvstore.transfer;

import io.spillway.domain.id.NodeId;
import io.spillway.domain.kv.BlockHash;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** How many leading blocks does the peer hold? */
final class LookupRequest extends Request {
    private final List<BlockHash> blocks;
    private final CompletableFuture<Integer> result;
    private int found;

    LookupRequest(
        final NodeId peer, final List<BlockHash> blocks, final long deadlineNanos,
        final CompletableFuture<Integer> result) {
        super(peer, deadlineNanos);
        this.blocks = blocks;
        this.result = result;
    }

    @Override
    void start(final Frames frames) {
        link.send(frames.lookup(id, blocks));
    }

    void answered(final int count) {
        found = Math.clamp(count, 0, blocks.size());
    }

    @Override
    void end() {
        result.complete(found);
    }
}
