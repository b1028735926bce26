package io.spillway.kvstore.transfer;

import io.aeron.ExclusivePublication;
import io.aeron.Publication;
import io.aeron.logbuffer.BufferClaim;
import io.spillway.domain.cluster.Endpoint;
import io.spillway.domain.id.NodeId;
import io.spillway.kvstore.pool.PooledBlock;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * One other endpoint: what we send it, and what we know of it. Single writer: the agent's thread.
 *
 * <p>A link is up when both sides know which run of the other they talk to. Control frames go first, then payload, a
 * frame per request in turn: a request whose reader is slow waits alone.
 */
final class PeerLink {
    /** Life of a link; DOWN and OPENING alternate while the peer cannot be reached. */
    enum State { DOWN, OPENING, GREETING, UP }

    private static final int CONTROL_FRAMES_MAX = 4096;

    final Endpoint endpoint;
    /** Our requests to the peer and what it asked of us; see {@link Responder}. */
    final Map<Long, Served> served = new HashMap<>();
    /** Requests made before the link was up. */
    final ArrayDeque<Request> waiting = new ArrayDeque<>();
    State state = State.DOWN;
    /** Who it is, as membership or its Hello says; null before either. */
    NodeId id;
    /** Membership names it: keep trying. */
    boolean wanted;
    /** The run of the peer that we talk to; 0 = not known. */
    long incarnation;
    /** Aeron session of what it sends us. */
    int session;
    boolean hasSession;
    long registrationId;
    ExclusivePublication publication;
    long sinceNanos;
    int attempts;
    /** It was up, or could not be opened, once: requests wait for it no more, they fail until it is up again. */
    boolean lostBefore;
    /** Our Hello was sent on the present publication. */
    boolean greeted;

    private final ArrayDeque<byte[]> control = new ArrayDeque<>();
    private final ArrayDeque<Outgoing> outgoing = new ArrayDeque<>();
    private final UnsafeBuffer frameBuffer = new UnsafeBuffer(0, 0);
    private final BufferClaim claim = new BufferClaim();
    private final Frames frames;
    private boolean broken;

    PeerLink(final Endpoint endpoint, final Frames frames) {
        this.endpoint = endpoint;
        this.frames = frames;
    }

    boolean isUp() {
        return state == State.UP;
    }

    /** @return true when the link must be given up: closed underneath, or the peer lets control frames pile up */
    boolean isBroken() {
        return broken;
    }

    /** Sends a control frame, now or as soon as the link takes it. */
    void send(final byte[] frame) {
        if (control.isEmpty() && offer(frame)) {
            return;
        }
        if (control.size() >= CONTROL_FRAMES_MAX) {
            broken = true;
            return;
        }
        control.add(frame);
    }

    /** Sends a frame in step with payload. @return false: not now */
    boolean sendInOrder(final byte[] frame) {
        return offer(frame);
    }

    /** @return payload bytes that one fragment carries at most */
    int fragmentBytesMax() {
        return publication.maxPayloadLength() - Frames.FRAGMENT_HEADER_BYTES;
    }

    /** Copies part of a block into a packet. @return false: not now */
    boolean sendFragment(final Frames.Piece piece, final PooledBlock from) {
        final long result = publication.tryClaim(Frames.FRAGMENT_HEADER_BYTES + piece.lengthBytes(), claim);
        if (result <= 0) {
            note(result);
            return false;
        }
        frames.fragment(claim.buffer(), claim.offset(), piece);
        from.read(piece.offsetBytes(),
            Segments.of(claim.buffer(), claim.offset() + Frames.FRAGMENT_HEADER_BYTES, piece.lengthBytes()));
        claim.commit();
        return true;
    }

    void add(final Outgoing payload) {
        outgoing.add(payload);
    }

    void remove(final Outgoing payload) {
        outgoing.remove(payload);
    }

    /** Sends what the link takes, at most {@code framesMax} payload frames. @return frames sent */
    int pump(final int framesMax) {
        int sent = 0;
        while (!control.isEmpty()) {
            if (!offer(control.peek())) {
                return sent;
            }
            control.poll();
            sent++;
        }
        int idleInARow = 0;
        while (sent < framesMax && idleInARow < outgoing.size()) {
            final Outgoing next = outgoing.poll();
            final Outgoing.Turn turn = next.send(this);
            if (turn == Outgoing.Turn.BLOCKED) {
                outgoing.addFirst(next);
                return sent;
            }
            if (turn != Outgoing.Turn.DONE) {
                outgoing.add(next);
            }
            idleInARow = turn == Outgoing.Turn.WAITING ? idleInARow + 1 : 0;
            sent += turn == Outgoing.Turn.SENT ? 1 : 0;
        }
        return sent;
    }

    /** Forgets everything about the connection; what waits to be sent is gone. */
    void disconnect() {
        if (publication != null) {
            publication.close();
            publication = null;
        }
        control.clear();
        outgoing.clear();
        incarnation = 0;
        hasSession = false;
        broken = false;
        state = State.DOWN;
    }

    private boolean offer(final byte[] frame) {
        if (publication == null) {
            return false;
        }
        frameBuffer.wrap(frame);
        final long result = publication.offer(frameBuffer, 0, frame.length);
        note(result);
        return result > 0;
    }

    private void note(final long result) {
        if (result == Publication.CLOSED || result == Publication.MAX_POSITION_EXCEEDED) {
            broken = true;
        }
    }
}
