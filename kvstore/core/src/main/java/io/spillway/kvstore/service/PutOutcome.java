package io.spillway.kvstore.service;

/** What became of a block offered to a store. */
public enum PutOutcome {
    STORED,
    ALREADY_HELD,
    /** The store had no room, or too much on its hands. */
    REFUSED,
    /** Other bytes arrived than were sent; the store kept nothing. */
    CORRUPT,
    /** No answer: not connected, lost, late, or this side refused. The store may or may not hold the block. */
    UNKNOWN
}
