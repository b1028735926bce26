package io.spillway.coordinator.placement;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.cluster.NodeDescriptor;
import io.spillway.domain.cluster.NodeLoad;
import java.util.Optional;

/**
 * A live engine that serves the request's model.
 *
 * @param load     its last report under this epoch; empty before the first
 * @param own      what this coordinator has sent it that the report cannot know yet
 * @param excluded it has just failed this request: not to be taken
 */
public record Candidate(NodeDescriptor node, long epoch, Optional<NodeLoad> load, OwnWork own, boolean excluded) {
    public Candidate {
        requireNonNull(node, "node");
        requireNonNull(load, "load");
        requireNonNull(own, "own");
    }

    /** @return requests known to be queued or running there: reported, or ours if those are more */
    int requests() {
        return Math.max(own.inFlight, load.map(l -> l.queuedRequests() + l.runningRequests()).orElse(0));
    }

    /**
     * Work of this coordinator on one node.
     *
     * @param inFlight             requests of ours that have not ended there
     * @param pendingPrefillTokens tokens to be computed for those sent too recently to be in the load report
     * @param endedPrefillTokens   tokens of those that ended since the load report: it may still count them
     * @param pendingBlocks        device blocks those will take
     */
    public record OwnWork(int inFlight, int pendingPrefillTokens, int endedPrefillTokens, int pendingBlocks) {
        /** Nothing. */
        public static final OwnWork NONE = new OwnWork(0, 0, 0, 0);
    }
}
