package io.spillway.coordinator.server;

import io.spillway.coordinator.state.ClusterState;
import io.spillway.coordinator.state.ClusterView;
import io.spillway.coordinator.state.Command;
import io.spillway.coordinator.state.CommandResult;
import io.spillway.coordinator.state.ReplicatedLog;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/** A log of one replica, in memory: the real state, without Raft. */
final class MemoryLog implements ReplicatedLog {
    final AtomicLong epochMillis = new AtomicLong(1_000_000);
    final List<Consumer<ClusterView>> listeners = new CopyOnWriteArrayList<>();
    final List<Command> proposed = new CopyOnWriteArrayList<>();
    private final ClusterState state = new ClusterState();

    @Override
    public synchronized CompletableFuture<CommandResult> propose(final String id, final Command command) {
        proposed.add(command);
        final CommandResult result = state.apply(id, command, epochMillis.get());
        listeners.forEach(listener -> listener.accept(state.view()));
        return CompletableFuture.completedFuture(result);
    }

    @Override
    public synchronized ClusterView view() {
        return state.view();
    }

    @Override
    public Leadership leadership() {
        return new Leadership("r1", "r1", 1, view().appliedIndex());
    }

    @Override
    public void close() {
        // nothing held
    }
}
