package io.spillway.kvstore.transfer;

/** Something a peer has asked of this endpoint. The agent's thread alone touches it. */
interface Served {
    /** Nobody waits for it any more: gives back all it holds, now or when it arrives. */
    void drop();

    /** @return when it last came forward; one that stands still for long is dropped */
    long progressNanos();
}
