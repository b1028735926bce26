package io.spillway.coordinator.state;

import java.util.concurrent.CompletableFuture;

/**
 * Port: the replicated log under {@link ClusterState}. Implemented by Ratis in {@code coordinator.raft} and by a fake in
 * {@code deploy/sim}.
 */
public interface ReplicatedLog extends AutoCloseable {
    /**
     * Proposes a command; any replica may be asked, the leader applies it.
     *
     * @param id names this proposal: the same id proposed again is applied once, and answers with the first result
     * @return the result once the command is committed and applied by the leader; exceptionally with a
     *         {@code SpillwayException}: {@code NO_LEADER} when no leader answered in time (it may still be applied later)
     */
    CompletableFuture<CommandResult> propose(String id, Command command);

    /** @return the newest state this replica has applied */
    ClusterView view();

    /** @return who leads, as this replica knows it */
    Leadership leadership();

    @Override
    void close();

    /**
     * @param replicaId id of this replica
     * @param leaderId  id of the leader; empty while none is known
     * @param term      Raft term
     * @param appliedIndex newest log index this replica has applied
     */
    record Leadership(String replicaId, String leaderId, long term, long appliedIndex) {
        public boolean leading() {
            return replicaId.equals(leaderId);
        }
    }
}
