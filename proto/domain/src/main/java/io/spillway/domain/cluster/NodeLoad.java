package io.spillway.domain.cluster;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.id.NodeId;

/**
 * What a node is doing now. Soft state: reported a few times a second, the last report counts.
 *
 * @param epoch                  registration epoch of the reporter
 * @param queuedPrefillTokens    tokens that wait to be computed, of queued and running sequences
 * @param freeBlocks             device blocks that hold nothing
 * @param cachedBlocks           device blocks that hold a block nobody leases: they can be evicted
 * @param leasedBlocks           device blocks in use
 * @param prefillTokensPerSecond measured, moving average; 0 = not yet known
 * @param decodeStepNanos        measured duration of one decode step, moving average; 0 = not yet known
 * @param onboardBytesPerSecond  measured, moving average; 0 = not yet known
 * @param tiers                  blocks and bytes per tier below the device
 * @param steps                  of the engine, since it started
 */
public record NodeLoad(
    NodeId id, long epoch, int queuedRequests, int runningRequests, int queuedPrefillTokens, int freeBlocks,
    int cachedBlocks, int leasedBlocks, double prefillTokensPerSecond, long decodeStepNanos,
    double onboardBytesPerSecond, TierUse tiers, StepTotals steps) {
    /** Of a member that computes nothing. */
    public NodeLoad(
        final NodeId id, final long epoch, final int queuedRequests, final int runningRequests, final int queuedPrefillTokens,
        final int freeBlocks, final int cachedBlocks, final int leasedBlocks, final double prefillTokensPerSecond,
        final long decodeStepNanos, final double onboardBytesPerSecond, final TierUse tiers) {
        this(id, epoch, queuedRequests, runningRequests, queuedPrefillTokens, freeBlocks, cachedBlocks, leasedBlocks,
            prefillTokensPerSecond, decodeStepNanos, onboardBytesPerSecond, tiers, StepTotals.NONE);
    }

    public NodeLoad {
        requireNonNull(id, "id");
        requireNonNull(tiers, "tiers");
        requireNonNull(steps, "steps");
    }

    /** Use of a member's own tiers below the device. */
    public record TierUse(
        long hostBlocks, long hostBytes, long hostBytesMax, long diskBlocks, long diskBytes, long diskBytesMax) {
        /** Nothing held. */
        public static final TierUse NONE = new TierUse(0, 0, 0, 0, 0, 0);
    }
}
