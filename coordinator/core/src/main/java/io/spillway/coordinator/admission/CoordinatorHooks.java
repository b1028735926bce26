package io.spillway.coordinator.admission;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.id.NodeId;
import java.util.function.Consumer;

/**
 * Whom a coordinator calls. None may block or throw.
 *
 * @param wakeup wakes the agent's runner; called on any thread after something was enqueued
 * @param resync asks a member for a snapshot of its blocks, because events of it were missed; agent's thread
 * @param usage  takes what requests consumed; agent's thread
 */
public record CoordinatorHooks(Runnable wakeup, Consumer<NodeId> resync, UsageSink usage) {
    public CoordinatorHooks {
        requireNonNull(wakeup, "wakeup");
        requireNonNull(resync, "resync");
        requireNonNull(usage, "usage");
    }
}
