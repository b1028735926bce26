package io.spillway.node.kvcache;

/** How far a transfer between device and host memory is. */
public enum TransferState {
    /** It goes on. */
    UNDER_WAY,
    /** It has ended well. */
    DONE,
    /** It has ended; what it was to write may hold anything. */
    FAILED
}
