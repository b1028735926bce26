package io.spillway.kvstore.transfer;

/** Payload that waits to be sent on a link. The link lets each send a little in turn. Agent's thread. */
interface Outgoing {
    /** What a turn came to. */
    enum Turn {
        /** Something was sent; there may be more. */
        SENT,
        /** Nothing to send now: no credit, or the next block is not there yet. */
        WAITING,
        /** The link takes no more now. */
        BLOCKED,
        /** Nothing will follow. */
        DONE
    }

    /** Sends at most one frame. */
    Turn send(PeerLink link);
}
