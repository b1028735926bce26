package io.spillway.kvstore.transfer;

import io.spillway.kvstore.service.Reservation;
import io.spillway.wire.transfer.Side;
import java.lang.foreign.MemorySegment;

/** A block on its way in from a peer: each fragment is copied once, from Aeron's buffer to its place in the pool. */
final class ServedPut implements Served {
    private final long requestId;
    private final int lengthBytes;
    private final int windowBytes;
    private Reservation reservation;
    private int receivedBytes;
    private int creditedBytes;
    private long progressNanos;
    private boolean dropped;

    ServedPut(final long requestId, final int lengthBytes, final int windowBytes, final long nowNanos) {
        this.requestId = requestId;
        this.lengthBytes = lengthBytes;
        this.windowBytes = windowBytes;
        this.progressNanos = nowNanos;
    }

    /** There is room: invites the first bytes. */
    void onGranted(final Reservation granted, final PeerLink link, final Frames frames) {
        if (dropped) {
            granted.abort();
            return;
        }
        reservation = granted;
        invite(link, frames);
    }

    /** @return false: out of order or too long; the put must end */
    boolean onFragment(final Frames.Piece piece, final MemorySegment payload, final long nowNanos) {
        if (reservation == null || piece.offsetBytes() != receivedBytes
            || piece.lengthBytes() > lengthBytes - receivedBytes) {
            return false;
        }
        reservation.memory().write(receivedBytes, payload);
        receivedBytes += piece.lengthBytes();
        progressNanos = nowNanos;
        return true;
    }

    boolean isComplete() {
        return receivedBytes == lengthBytes;
    }

    /** Invites more once half the window has come. */
    void invite(final PeerLink link, final Frames frames) {
        final int openBytes = creditedBytes - receivedBytes;
        final int moreBytes = Math.min(windowBytes - openBytes, lengthBytes - creditedBytes);
        if (moreBytes > 0 && openBytes <= windowBytes / 2) {
            link.send(frames.credit(requestId, moreBytes, Side.RESPONDER));
            creditedBytes += moreBytes;
        }
    }

    /** Hands the memory over to be committed. */
    Reservation take() {
        final Reservation taken = reservation;
        reservation = null;
        return taken;
    }

    @Override
    public void drop() {
        dropped = true;
        if (reservation != null) {
            reservation.abort();
            reservation = null;
        }
    }

    @Override
    public long progressNanos() {
        return progressNanos;
    }
}
