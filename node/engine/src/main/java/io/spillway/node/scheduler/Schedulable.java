package io.spillway.node.scheduler;

/** A sequence on the device, or about to be, as the policy sees it. Read by the engine thread during one call. */
public interface Schedulable {
    /** @return its place among all others */
    Rank rank();

    /** @return false: it waits for blocks from the store and computes nothing now */
    boolean ready();

    /** @return tokens whose KV is on the device */
    int computedTokens();

    /** @return known tokens that are not computed yet; one while it decodes */
    int pendingTokens();

    /** @return tokens it will probably have when it ends; at least those known */
    int expectedTokens();

    /** @return blocks in its table */
    int heldBlocks();

    /** @return blocks that could be allocated if this sequence alone gave its own back; a lower bound */
    int reclaimableBlocks();

    /** @return how long it would take to be where it is now, if it gave its blocks back */
    long comeBackNanos();
}
