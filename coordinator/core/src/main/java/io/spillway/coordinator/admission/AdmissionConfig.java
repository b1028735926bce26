package io.spillway.coordinator.admission;

import static java.util.Objects.requireNonNull;

import io.spillway.coordinator.dispatch.DispatchConfig;
import io.spillway.coordinator.placement.PlacementConfig;

/**
 * Limits and patience of one coordinator.
 *
 * @param queues    how much may wait
 * @param patience  how long things may wait
 * @param dispatch  how often a request is tried
 * @param placement what placement assumes
 */
public record AdmissionConfig(Queues queues, Patience patience, DispatchConfig dispatch, PlacementConfig placement) {
    /** For a small cluster. */
    public static final AdmissionConfig DEFAULT =
        new AdmissionConfig(Queues.DEFAULT, Patience.DEFAULT, DispatchConfig.DEFAULT, PlacementConfig.DEFAULT);

    public AdmissionConfig {
        requireNonNull(queues, "queues");
        requireNonNull(patience, "patience");
        requireNonNull(dispatch, "dispatch");
        requireNonNull(placement, "placement");
    }

    /**
     * Sizes of queues.
     *
     * @param submissionsMax requests handed in that the agent has not looked at
     * @param feedbackMax    KV batches and load reports that the agent has not looked at; more are dropped and caught up later
     * @param waitingMax     accepted requests that wait for a node; more are refused with {@code OVERLOADED}
     * @param idlePerNode    requests of this coordinator on one node that run from idle capacity only
     */
    public record Queues(int submissionsMax, int feedbackMax, int waitingMax, int idlePerNode) {
        /** Room for a burst. */
        public static final Queues DEFAULT = new Queues(1024, 4096, 1024);
        private static final int IDLE_PER_NODE = 16;

        /** The usual number of requests that run from idle capacity. */
        public Queues(final int submissionsMax, final int feedbackMax, final int waitingMax) {
            this(submissionsMax, feedbackMax, waitingMax, IDLE_PER_NODE);
        }

        public Queues {
            if (idlePerNode < 1) {
            throw new IllegalArgumentException("idlePerNode must be positive: " + idlePerNode);
        }
        if (submissionsMax < 1 || feedbackMax < 1 || waitingMax < 1) {
                throw new IllegalArgumentException("submissionsMax, feedbackMax and waitingMax must be positive");
            }
        }
    }

    /**
     * Lengths of time.
     *
     * @param waitMaxNanos     longest wait for a free node, then {@code DEADLINE_EXCEEDED}
     * @param noNodeGraceNanos longest wait while nobody serves the model, then {@code NO_NODE}
     * @param exclusionNanos   how long a request stays off a node that failed it
     * @param loadLagNanos     age at which a sent request is taken to be in the node's next load report
     * @param resyncNanos      shortest time between two calls for the same member's snapshot
     * @param tickNanos        how often deadlines are looked at and statistics published
     */
    public record Patience(
        long waitMaxNanos, long noNodeGraceNanos, long exclusionNanos, long loadLagNanos, long resyncNanos, long tickNanos) {
        /** A minute for a node to be free, ten seconds for one to appear. */
        public static final Patience DEFAULT =
            new Patience(60_000_000_000L, 10_000_000_000L, 2_000_000_000L, 100_000_000L, 500_000_000L, 20_000_000L);

        public Patience {
            if (waitMaxNanos < 0 || noNodeGraceNanos < 0 || exclusionNanos < 0 || loadLagNanos < 0 || resyncNanos < 0
                || tickNanos < 0) {
                throw new IllegalArgumentException("lengths of time must not be negative");
            }
        }
    }
}
