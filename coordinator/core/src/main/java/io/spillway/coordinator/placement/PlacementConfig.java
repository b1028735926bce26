package io.spillway.coordinator.placement;

/**
 * What placement assumes where nothing was measured yet, and its weights.
 *
 * @param nodeInFlightMax            most requests that this coordinator keeps on one node at a time
 * @param prefillTokensPerSecond     assumed speed of a node that no node of its model has measured
 * @param decodeStepNanos            assumed duration of one decode step
 * @param onboardBytesPerSecond      assumed speed of reading blocks from a lower tier
 * @param remoteSpeedShare           speed of another member's tiers as a share of the node's own, in (0, 1]
 * @param stepTokens                 tokens a node computes per step while others decode: sets how often they interfere
 * @param outputTokensExpected       output that blocks are reserved for in the estimate, at most the request's limit
 * @param reuseProbability           probability that an evicted block would have been asked for again, in [0, 1]
 */
public record PlacementConfig(
    int nodeInFlightMax, double prefillTokensPerSecond, long decodeStepNanos, double onboardBytesPerSecond,
    double remoteSpeedShare, int stepTokens, int outputTokensExpected, double reuseProbability) {
    /** For a start without measurements: a small CPU node. */
    public static final PlacementConfig DEFAULT =
        new PlacementConfig(64, 1_000, 20_000_000L, 1e9, 0.5, 512, 256, 0.8);

    public PlacementConfig {
        positive("nodeInFlightMax", nodeInFlightMax);
        positive("prefillTokensPerSecond", prefillTokensPerSecond);
        positive("decodeStepNanos", decodeStepNanos);
        positive("onboardBytesPerSecond", onboardBytesPerSecond);
        positive("remoteSpeedShare", remoteSpeedShare);
        positive("stepTokens", stepTokens);
        positive("outputTokensExpected", outputTokensExpected);
        if (remoteSpeedShare > 1 || !(reuseProbability >= 0 && reuseProbability <= 1)) {
            throw new IllegalArgumentException("remoteSpeedShare must be in (0, 1] and reuseProbability in [0, 1]: "
                + remoteSpeedShare + ", " + reuseProbability);
        }
    }

    private static void positive(final String name, final double value) {
        if (!(value > 0) || Double.isInfinite(value)) {
            throw new IllegalArgumentException(name + " must be positive: " + value);
        }
    }
}
