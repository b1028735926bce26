package io.spillway.kvstore.transfer;

import io.spillway.domain.kv.BlockHash;
import io.spillway.kvstore.service.BlockLease;
import io.spillway.wire.transfer.Side;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * Blocks on their way to a peer that asked: leased a few ahead, sent straight from the pool, as far as the peer's
 * credit goes.
 */
final class ServedGet implements Served, Outgoing {
    private static final int AHEAD_BLOCKS = 16;

    private final long requestId;
    private final List<BlockHash> blocks;
    private final BiConsumer<BlockHash, Consumer<BlockLease>> leases;
    private final Frames frames;
    private final Tally tally;
    private final Runnable onDone;
    /** Answers in the order asked; empty = a miss. Slots are filled as answers come. */
    private final ArrayDeque<Slot> slots = new ArrayDeque<>();
    private int asked;
    private int sentBlocks;
    private boolean headerSent;
    private int sentBytes;
    private long creditBytes;
    private long progressNanos;
    private boolean dropped;

    /**
     * @param leases asks for a block; the answer (null = a miss) must come on the agent's thread
     * @param onDone runs when all that could be sent was sent
     */
    ServedGet(
        final Asked asked, final BiConsumer<BlockHash, Consumer<BlockLease>> leases, final Frames frames,
        final Tally tally, final Runnable onDone) {
        this.requestId = asked.requestId();
        this.blocks = asked.blocks();
        this.creditBytes = asked.creditBytes();
        this.progressNanos = asked.nowNanos();
        this.leases = leases;
        this.frames = frames;
        this.tally = tally;
        this.onDone = onDone;
    }

    void onCredit(final long bytes, final long nowNanos) {
        creditBytes += Math.max(0, bytes);
        progressNanos = nowNanos;
    }

    @Override
    public long progressNanos() {
        return progressNanos;
    }

    @Override
    public Turn send(final PeerLink link) {
        askAhead();
        final Slot slot = slots.peek();
        if (slot == null || slot.answer != null && slot.answer.isEmpty()) {
            return sendEnd(link);
        }
        if (slot.answer == null || creditBytes <= 0) {
            return Turn.WAITING;
        }
        return headerSent ? sendFragment(link, slot.answer.get()) : sendHeader(link, slot.answer.get());
    }

    @Override
    public void drop() {
        dropped = true;
        for (final Slot slot : slots) {
            if (slot.answer != null) {
                slot.answer.ifPresent(BlockLease::release);
            }
        }
        slots.clear();
    }

    private void askAhead() {
        while (asked < blocks.size() && slots.size() < AHEAD_BLOCKS) {
            final Slot slot = new Slot();
            slots.add(slot);
            leases.accept(blocks.get(asked++), lease -> {
                slot.answer = Optional.ofNullable(lease);
                if (dropped && lease != null) {
                    lease.release();
                }
            });
        }
    }

    private Turn sendEnd(final PeerLink link) {
        if (!link.sendInOrder(frames.getEnd(requestId, sentBlocks))) {
            return Turn.BLOCKED;
        }
        drop();
        onDone.run();
        return Turn.DONE;
    }

    private Turn sendHeader(final PeerLink link, final BlockLease lease) {
        final var block = lease.block();
        final Frames.Incoming described = new Frames.Incoming(
            block.key().parent(), (int) block.memory().bytes(), block.crc32c(), lease.tier());
        if (!link.sendInOrder(frames.blockHeader(requestId, sentBlocks, described))) {
            return Turn.BLOCKED;
        }
        headerSent = true;
        sentBytes = 0;
        return Turn.SENT;
    }

    private Turn sendFragment(final PeerLink link, final BlockLease lease) {
        final var memory = lease.block().memory();
        final long bytes = Math.min(Math.min(memory.bytes() - sentBytes, creditBytes), link.fragmentBytesMax());
        final Frames.Piece piece = new Frames.Piece(requestId, sentBlocks, sentBytes, (int) bytes, Side.RESPONDER);
        if (!link.sendFragment(piece, memory)) {
            return Turn.BLOCKED;
        }
        sentBytes += (int) bytes;
        creditBytes -= bytes;
        tally.add(Tally.Count.BYTES_OUT, bytes);
        if (sentBytes == memory.bytes()) {
            slots.poll();
            lease.release();
            headerSent = false;
            sentBlocks++;
            tally.one(Tally.Count.BLOCKS_SERVED);
        }
        return Turn.SENT;
    }

    /** What the peer's Get said, and when it came. */
    record Asked(long requestId, long creditBytes, List<BlockHash> blocks, long nowNanos) {
    }

    /** Null = not answered yet, empty = a miss. */
    private static final class Slot {
        private Optional<BlockLease> answer;
    }
}
