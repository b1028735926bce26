package io.spillway.kvstore.transfer;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.kv.BlockHash;
import io.spillway.kvstore.service.BlockLease;
import io.spillway.kvstore.service.BlockService;
import io.spillway.kvstore.service.PutOutcome;
import io.spillway.kvstore.service.Reservation;
import io.spillway.kvstore.service.Reserved;
import io.spillway.kvstore.tier.BlockKey;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * What others ask of this endpoint, answered from its {@link BlockService}. Answers of the service come on its own
 * thread and cross over through {@code agent}; each is matched with what the peer still waits for.
 */
final class Responder {
    private static final int SERVED_PER_LINK_MAX = 256;
    private static final long STALLED_NANOS = TimeUnit.SECONDS.toNanos(30);

    private final BlockService service;
    private final int windowBytes;
    private final Frames frames;
    private final Tally tally;
    private final Consumer<Runnable> agent;

    /** @param agent runs tasks on the agent's thread, in order; cannot refuse */
    Responder(
        final BlockService service, final int windowBytes, final Frames frames, final Tally tally,
        final Consumer<Runnable> agent) {
        this.service = service;
        this.windowBytes = windowBytes;
        this.frames = frames;
        this.tally = tally;
        this.agent = agent;
    }

    void onLookup(final PeerLink link, final long requestId, final List<BlockHash> blocks) {
        final long incarnation = link.incarnation;
        final boolean asked = service.find(blocks, found -> agent.accept(() -> {
            if (link.incarnation == incarnation) {
                link.send(frames.lookupReply(requestId, found));
            }
        }));
        if (!asked) {
            link.send(frames.refusal(requestId, ErrorCode.OVERLOADED));
        }
    }

    void onGet(
        final PeerLink link, final long requestId, final long creditBytes, final List<BlockHash> blocks,
        final long nowNanos) {
        if (!admits(link, requestId)) {
            link.send(frames.refusal(requestId, ErrorCode.OVERLOADED));
            return;
        }
        final ServedGet get = new ServedGet(new ServedGet.Asked(requestId, creditBytes, blocks, nowNanos),
            this::lease, frames, tally, () -> link.served.remove(requestId));
        link.served.put(requestId, get);
        link.add(get);
    }

    void onPut(
        final PeerLink link, final long requestId, final BlockKey key, final Frames.Incoming block,
        final long nowNanos) {
        if (!admits(link, requestId) || block.lengthBytes() > TransferConfig.BLOCK_BYTES_MAX) {
            link.send(frames.putReply(requestId, PutOutcome.REFUSED));
            return;
        }
        final ServedPut put = new ServedPut(requestId, block.lengthBytes(), windowBytes, nowNanos);
        link.served.put(requestId, put);
        final boolean asked = service.reserve(key, block.lengthBytes(), block.crc32c(),
            reserved -> agent.accept(() -> answer(link, requestId, put, reserved)));
        if (!asked) {
            reply(link, requestId, put, PutOutcome.REFUSED);
        }
    }

    void onFragment(final PeerLink link, final Frames.Piece piece, final MemorySegment payload, final long nowNanos) {
        if (!(link.served.get(piece.requestId()) instanceof ServedPut put)) {
            tally.one(Tally.Count.LATE_FRAMES);
            return;
        }
        if (!put.onFragment(piece, payload, nowNanos)) {
            reply(link, piece.requestId(), put, PutOutcome.CORRUPT);
            return;
        }
        tally.add(Tally.Count.BYTES_IN, piece.lengthBytes());
        if (put.isComplete()) {
            commit(link, piece.requestId(), put);
        } else {
            put.invite(link, frames);
        }
    }

    void onCredit(final PeerLink link, final long requestId, final long bytes, final long nowNanos) {
        if (link.served.get(requestId) instanceof ServedGet get) {
            get.onCredit(bytes, nowNanos);
        }
    }

    void onCancel(final PeerLink link, final long requestId) {
        final Served served = link.served.remove(requestId);
        if (served != null) {
            drop(link, served);
        }
    }

    void linkLost(final PeerLink link) {
        link.served.values().forEach(served -> drop(link, served));
        link.served.clear();
    }

    /** Drops what has stood still for long: its peer lives, but does not care any more. */
    void expire(final PeerLink link, final long nowNanos) {
        link.served.values().removeIf(served -> {
            final boolean stalled = nowNanos - served.progressNanos() > STALLED_NANOS;
            if (stalled) {
                drop(link, served);
            }
            return stalled;
        });
    }

    private static boolean admits(final PeerLink link, final long requestId) {
        return link.served.size() < SERVED_PER_LINK_MAX && !link.served.containsKey(requestId);
    }

    private static void drop(final PeerLink link, final Served served) {
        if (served instanceof Outgoing outgoing) {
            link.remove(outgoing);
        }
        served.drop();
    }

    private void lease(final BlockHash hash, final Consumer<BlockLease> done) {
        if (!service.acquire(hash, lease -> agent.accept(() -> done.accept(lease)))) {
            done.accept(null);
        }
    }

    private void answer(final PeerLink link, final long requestId, final ServedPut put, final Reserved reserved) {
        switch (reserved) {
            case Reserved.Granted(Reservation reservation) -> put.onGranted(reservation, link, frames);
            case Reserved.AlreadyHeld() -> reply(link, requestId, put, PutOutcome.ALREADY_HELD);
            case Reserved.Refused() -> reply(link, requestId, put, PutOutcome.REFUSED);
        }
    }

    private void commit(final PeerLink link, final long requestId, final ServedPut put) {
        put.take().commit(intact -> agent.accept(() -> {
            tally.one(intact ? Tally.Count.BLOCKS_TAKEN : Tally.Count.CORRUPT_BLOCKS);
            reply(link, requestId, put, intact ? PutOutcome.STORED : PutOutcome.CORRUPT);
        }));
    }

    private void reply(final PeerLink link, final long requestId, final ServedPut put, final PutOutcome outcome) {
        if (link.served.remove(requestId, put)) {
            put.drop();
            link.send(frames.putReply(requestId, outcome));
        }
    }
}
