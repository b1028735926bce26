package io.spillway.gateway;

import io.spillway.coordinator.state.ClusterState;
import io.spillway.coordinator.state.ClusterView;
import io.spillway.coordinator.state.Command;
import io.spillway.coordinator.state.CommandResult;
import io.spillway.coordinator.state.ReplicatedLog;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.time.EpochClock;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;

/** A log of one replica, in memory: the real state, without Raft. */
public final class MemoryLog implements ReplicatedLog {
    /** Whether this replica leads. */
    public volatile boolean leading = true;
    /** Which commands are taken, though the proposer is told that no leader answered. */
    public volatile Predicate<Command> unanswered = command -> false;
    private final ClusterState state = new ClusterState();
    private final EpochClock clock;

    public MemoryLog(final EpochClock clock) {
        this.clock = clock;
    }

    @Override
    public synchronized CompletableFuture<CommandResult> propose(final String id, final Command command) {
        final CommandResult result = state.apply(id, command, clock.epochMillis());
        return unanswered.test(command)
            ? CompletableFuture.failedFuture(new SpillwayException(ErrorCode.NO_LEADER, "no leader answered"))
            : CompletableFuture.completedFuture(result);
    }

    @Override
    public synchronized ClusterView view() {
        return state.view();
    }

    @Override
    public Leadership leadership() {
        return new Leadership("r1", leading ? "r1" : "r2", 1, view().appliedIndex());
    }

    @Override
    public void close() {
        // nothing held
    }
}
