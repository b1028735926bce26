package io.spillway.coordinator.prefix;

/**
 * How much of a chain one node finds, as lengths of the longest leading run. Nested: each run includes the one before.
 *
 * @param deviceBlocks leading blocks in the node's device tier
 * @param ownBlocks    leading blocks in any tier of the node: device, host or disk
 * @param reachBlocks  leading blocks that the node holds or can onboard from the host or disk tier of some member
 */
public record PrefixRuns(int deviceBlocks, int ownBlocks, int reachBlocks) {
    /** Nothing is known anywhere. */
    public static final PrefixRuns NONE = new PrefixRuns(0, 0, 0);

    public PrefixRuns {
        if (deviceBlocks < 0 || ownBlocks < deviceBlocks || reachBlocks < ownBlocks) {
            throw new IllegalArgumentException("runs must nest: " + deviceBlocks + ", " + ownBlocks + ", " + reachBlocks);
        }
    }

    /** @return blocks to read from the node's own lower tiers */
    public int hostBlocks() {
        return ownBlocks - deviceBlocks;
    }

    /** @return blocks to fetch from other members */
    public int remoteBlocks() {
        return reachBlocks - ownBlocks;
    }
}
