package io.spillway.coordinator.raft;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.cluster.Endpoint;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * One replica of the log.
 *
 * @param cluster          name of the cluster; replicas of different names never talk to each other
 * @param replicaId        which of {@code peers} this one is
 * @param peers            all replicas, this one included; 1, 3 or 5, the same on every replica
 * @param storageDir       log and snapshots of this replica; kept across restarts, never shared
 * @param snapshotCommands commands between two snapshots; what a restart has to read again at most
 */
public record RaftConfig(
    String cluster, String replicaId, List<Peer> peers, Path storageDir, Timeouts timeouts, int snapshotCommands) {
    /** Commands between two snapshots, unless configured. */
    public static final int SNAPSHOT_COMMANDS = 20_000;

    public RaftConfig {
        requireNonNull(cluster, "cluster");
        requireNonNull(replicaId, "replicaId");
        requireNonNull(storageDir, "storageDir");
        requireNonNull(timeouts, "timeouts");
        peers = List.copyOf(peers);
        if (cluster.isBlank()) {
            throw invalid("cluster", "the cluster needs a name");
        }
        if (peers.size() != 1 && peers.size() != 3 && peers.size() != 5) {
            throw invalid("peers", "a cluster has 1, 3 or 5 replicas, not " + peers.size());
        }
        if (peers.stream().map(Peer::id).distinct().count() != peers.size()) {
            throw invalid("peers", "two replicas have the same id");
        }
        if (peers.stream().map(Peer::endpoint).distinct().count() != peers.size()) {
            throw invalid("peers", "two replicas have the same endpoint");
        }
        final String self = replicaId;
        if (peers.stream().noneMatch(peer -> peer.id().equals(self))) {
            throw invalid("replicaId", "replica '" + replicaId + "' is not among the peers "
                + peers.stream().map(Peer::id).toList());
        }
        if (snapshotCommands < 1) {
            throw invalid("snapshotCommands", "snapshotCommands must be positive: " + snapshotCommands);
        }
    }

    /** Default timeouts and snapshots. */
    public RaftConfig(final String cluster, final String replicaId, final List<Peer> peers, final Path storageDir) {
        this(cluster, replicaId, peers, storageDir, Timeouts.DEFAULT, SNAPSHOT_COMMANDS);
    }

    /** @return this replica */
    public Peer self() {
        return peers.stream().filter(peer -> peer.id().equals(replicaId)).findFirst().orElseThrow();
    }

    private static SpillwayException invalid(final String field, final String detail) {
        return SpillwayException.ofField(ErrorCode.INVALID_CONFIG, field, detail);
    }

    /** A replica and where its Raft server listens. */
    public record Peer(String id, Endpoint endpoint) {
        public Peer {
            requireNonNull(endpoint, "endpoint");
            if (id == null || !id.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,99}")) {
                throw invalid("peers.id", "a replica id is 1 to 100 characters of [A-Za-z0-9._-]: '" + id + "'");
            }
        }
    }

    /**
     * How long things may take.
     *
     * @param electionMin a follower that hears nothing for between this and {@code electionMax} asks for votes
     * @param electionMax a leader that hears nothing from a majority for this long steps down
     * @param firstElection shortest wait for a leader right after the start, the longest is five times that: most likely
     *                      nobody leads yet, so a false alarm costs little
     * @param request     one attempt to reach a replica
     * @param propose     a proposal, all attempts together; then it fails with {@code NO_LEADER}
     */
    public record Timeouts(
        Duration electionMin, Duration electionMax, Duration firstElection, Duration request, Duration propose) {
        /**
         * Elections after 1 to 2 seconds: replicas share their machine with engines that use every core, and a pause of half
         * a second (collection, a full run queue) must not cost the leader its place.
         */
        public static final Timeouts DEFAULT = new Timeouts(Duration.ofMillis(1000), Duration.ofMillis(2000),
            Duration.ofMillis(200), Duration.ofMillis(3000), Duration.ofMillis(10_000));

        public Timeouts {
            positive("electionMin", electionMin);
            positive("firstElection", firstElection);
            positive("request", request);
            positive("propose", propose);
            if (electionMax.compareTo(electionMin) <= 0) {
                throw invalid("timeouts.electionMax", "electionMax must be longer than electionMin");
            }
        }

        private static void positive(final String field, final Duration duration) {
            if (!duration.isPositive()) {
                throw invalid("timeouts." + field, field + " must be positive: " + duration);
            }
        }
    }
}
