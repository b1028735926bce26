package io.spillway.coordinator.server;

import io.spillway.coordinator.state.ReplicatedLog;
import io.spillway.gateway.console.ConsoleSnapshot;
import java.util.List;

/** The group of replicas as this one knows it, for the console. Any thread. */
final class Replicas {
    private final List<CoordinatorConfig.Peer> peers;
    private final ReplicatedLog log;

    Replicas(final List<CoordinatorConfig.Peer> peers, final ReplicatedLog log) {
        this.peers = peers;
        this.log = log;
    }

    /** @return all replicas; how far the others have applied the log is not known here */
    List<ConsoleSnapshot.Replica> now() {
        final ReplicatedLog.Leadership leadership = log.leadership();
        return peers.stream().map(peer -> {
            final boolean self = peer.id().equals(leadership.replicaId());
            return new ConsoleSnapshot.Replica(peer.id(), peer.id().equals(leadership.leaderId()), self, leadership.term(),
                self ? leadership.appliedIndex() : -1);
        }).toList();
    }
}
