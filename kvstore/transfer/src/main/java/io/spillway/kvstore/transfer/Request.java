package io.spillway.kvstore.transfer;

import io.spillway.domain.id.NodeId;

/** Something this endpoint has asked of a peer. Ends exactly once; the agent's thread alone touches it, but for {@link #cancelled}. */
abstract class Request {
    final NodeId peer;
    final long deadlineNanos;
    long id;
    /** Null until the request was given to a link. */
    PeerLink link;
    /** Set by the caller. A cancel may overtake its request on the way to the agent, which then must not start it. */
    volatile boolean cancelled;

    Request(final NodeId peer, final long deadlineNanos) {
        this.peer = peer;
        this.deadlineNanos = deadlineNanos;
    }

    /** Sends the first frame; the link is up. */
    abstract void start(Frames frames);

    /** Completes the caller's future with what there is. Nothing of the caller's is touched afterwards. */
    abstract void end();
}
