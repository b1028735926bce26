package io.spillway.kvstore.transfer;

import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.Tier;
import io.spillway.kvstore.pool.Checksums;
import io.spillway.kvstore.service.BlockStore.Onboarded;
import io.spillway.kvstore.service.Fetch;
import io.spillway.kvstore.tier.BlockKey;
import io.spillway.wire.transfer.Side;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Blocks on their way from a peer into the caller's memory: each fragment is copied once, from Aeron's buffer to its
 * place, and the block is verified there.
 */
final class GetRequest extends Request {
    private final Fetch fetch;
    private final int windowBytes;
    private final Tally tally;
    private final CompletableFuture<Onboarded> result;
    private final List<Tier> tiers = new ArrayList<>();
    private Frames.Incoming block;
    private int receivedBytes;
    private long creditOwedBytes;

    GetRequest(
        final Fetch fetch, final long deadlineNanos, final int windowBytes, final Tally tally,
        final CompletableFuture<Onboarded> result) {
        super(fetch.peer(), deadlineNanos);
        this.fetch = fetch;
        this.windowBytes = windowBytes;
        this.tally = tally;
        this.result = result;
    }

    @Override
    void start(final Frames frames) {
        link.send(frames.get(id, windowBytes, fetch.blocks()));
    }

    /** @return false: the peer sends what was not asked for, or of another size; the request must end */
    boolean onHeader(final int blockIndex, final Frames.Incoming incoming) {
        if (block != null || blockIndex != tiers.size() || blockIndex >= fetch.blocks().size()
            || incoming.lengthBytes() != fetch.targets().get(blockIndex).byteSize()) {
            return false;
        }
        block = incoming;
        receivedBytes = 0;
        return true;
    }

    /** @return false: out of order, too long, or the block is complete and corrupt; the request must end */
    boolean onFragment(final Frames.Piece piece, final MemorySegment payload) {
        if (block == null || piece.blockIndex() != tiers.size() || piece.offsetBytes() != receivedBytes
            || piece.lengthBytes() > block.lengthBytes() - receivedBytes) {
            return false;
        }
        final MemorySegment target = fetch.targets().get(piece.blockIndex());
        MemorySegment.copy(payload, 0, target, receivedBytes, piece.lengthBytes());
        receivedBytes += piece.lengthBytes();
        creditOwedBytes += piece.lengthBytes();
        tally.add(Tally.Count.BYTES_IN, piece.lengthBytes());
        return receivedBytes < block.lengthBytes() || complete(target);
    }

    boolean isComplete() {
        return tiers.size() == fetch.blocks().size();
    }

    /** Lets the peer send on, once half the window has been taken. */
    void returnCredit(final Frames frames) {
        if (creditOwedBytes >= windowBytes / 2) {
            link.send(frames.credit(id, creditOwedBytes, Side.REQUESTER));
            creditOwedBytes = 0;
        }
    }

    @Override
    void end() {
        result.complete(new Onboarded(tiers.size(), tiers));
    }

    private boolean complete(final MemorySegment target) {
        if (Checksums.crc32c(target) != block.crc32c()) {
            tally.one(Tally.Count.CORRUPT_BLOCKS);
            return false;
        }
        final BlockHash hash = fetch.blocks().get(tiers.size());
        final BlockKey key = new BlockKey(hash, block.parent());
        tiers.add(block.tier() == Tier.DISK ? Tier.DISK : Tier.REMOTE);
        tally.one(Tally.Count.BLOCKS_FETCHED);
        block = null;
        fetch.sink().onBlock(key, target);
        return true;
    }
}
