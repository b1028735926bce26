package io.spillway.kvstore.transfer;

import io.spillway.domain.id.NodeId;
import io.spillway.kvstore.pool.PooledBlock;
import io.spillway.kvstore.service.BlockLease;
import io.spillway.kvstore.service.PutOutcome;
import io.spillway.kvstore.tier.HostBlock;
import io.spillway.wire.transfer.Side;
import java.util.concurrent.CompletableFuture;

/** One block on its way to a store, as far as the store's credit goes. */
final class PutRequest extends Request implements Outgoing {
    private final HostBlock block;
    private final Tally tally;
    private final CompletableFuture<PutOutcome> result;
    private PutOutcome outcome = PutOutcome.UNKNOWN;
    private int sentBytes;
    private long creditBytes;

    PutRequest(
        final NodeId peer, final BlockLease lease, final long deadlineNanos, final Tally tally,
        final CompletableFuture<PutOutcome> result) {
        super(peer, deadlineNanos);
        this.block = lease.block();
        this.tally = tally;
        this.result = result;
    }

    @Override
    void start(final Frames frames) {
        link.send(frames.put(id, block.key(), (int) block.memory().bytes(), block.crc32c()));
    }

    /** The store takes so many more bytes. */
    void onCredit(final long bytes) {
        if (creditBytes == 0 && sentBytes == 0) {
            link.add(this);
        }
        creditBytes += Math.max(0, bytes);
    }

    void answered(final PutOutcome answer) {
        outcome = answer;
    }

    @Override
    public Turn send(final PeerLink to) {
        final PooledBlock memory = block.memory();
        final long bytes = Math.min(Math.min(memory.bytes() - sentBytes, creditBytes), to.fragmentBytesMax());
        if (sentBytes == memory.bytes()) {
            return Turn.DONE;
        }
        if (bytes <= 0) {
            return Turn.WAITING;
        }
        if (!to.sendFragment(new Frames.Piece(id, 0, sentBytes, (int) bytes, Side.REQUESTER), memory)) {
            return Turn.BLOCKED;
        }
        sentBytes += (int) bytes;
        creditBytes -= bytes;
        tally.add(Tally.Count.BYTES_OUT, bytes);
        return Turn.SENT;
    }

    @Override
    void end() {
        if (link != null) {
            link.remove(this);
        }
        result.complete(outcome);
    }
}
