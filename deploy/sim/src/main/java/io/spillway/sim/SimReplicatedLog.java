package io.spillway.sim;

import io.spillway.coordinator.state.ClusterState;
import io.spillway.coordinator.state.ClusterView;
import io.spillway.coordinator.state.Command;
import io.spillway.coordinator.state.CommandResult;
import io.spillway.coordinator.state.ReplicatedLog;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.testkit.sim.SimWorld;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntConsumer;

/**
 * A replicated log without Raft: one list of committed commands, replicas that apply it late, a leader that comes and goes,
 * proposals and answers that get lost. What is committed stays; that is Raft's part of the promise.
 */
final class SimReplicatedLog {
    private static final long TIMEOUT_NANOS = 300_000_000L;
    private static final long APPLY_MAX_NANOS = 80_000_000L;

    private final SimWorld world;
    private final List<Entry> entries = new ArrayList<>();
    private final List<Replica> replicas = new ArrayList<>();
    private final IntConsumer onApplied;
    private double lostProposal;
    private int leader;

    private record Entry(String id, Command command, long epochMillis) {
    }

    /** @param onApplied told which replica has applied something */
    SimReplicatedLog(final SimWorld world, final int replicaCount, final IntConsumer onApplied) {
        this.world = world;
        this.onApplied = onApplied;
        for (int i = 0; i < replicaCount; i++) {
            replicas.add(new Replica(i));
        }
    }

    ReplicatedLog replica(final int index) {
        return replicas.get(index);
    }

    void lostProposal(final double probability) {
        lostProposal = probability;
    }

    /** The leader is gone; another comes after a while and has all that was committed. */
    void loseLeader() {
        if (leader < 0) {
            return;
        }
        final int last = leader;
        leader = -1;
        world.after(world.between(200_000_000L, 2_000_000_000L), "", () -> {
            leader = (last + 1 + world.random().nextInt(replicas.size())) % replicas.size();
            replicas.get(leader).applyUpTo(entries.size());
            world.note("leader c" + leader);
        });
    }

    private void commit(final String id, final Command command) {
        entries.add(new Entry(id, command, world.clock().epochMillis()));
        for (final Replica replica : replicas) {
            final int upTo = entries.size();
            if (replica.index == leader) {
                replica.applyUpTo(upTo);
            } else {
                world.after(world.between(0, APPLY_MAX_NANOS), "", () -> replica.applyUpTo(upTo));
            }
        }
    }

    private final class Replica implements ReplicatedLog {
        private final int index;
        private final ClusterState state = new ClusterState();
        private int applied;
        private CommandResult lastResult;

        private Replica(final int index) {
            this.index = index;
        }

        @Override
        public CompletableFuture<CommandResult> propose(final String id, final Command command) {
            final CompletableFuture<CommandResult> answer = new CompletableFuture<>();
            world.after(world.between(100_000, 5_000_000), "", () -> {
                if (leader < 0 || world.chance(lostProposal)) {
                    noLeader(answer);
                    return;
                }
                commit(id, command);
                final CommandResult result = replicas.get(leader).lastResult;
                if (world.chance(lostProposal)) {
                    noLeader(answer);
                } else {
                    world.after(world.between(100_000, 5_000_000), "", () -> answer.complete(result));
                }
            });
            return answer;
        }

        @Override
        public ClusterView view() {
            return state.view(applied);
        }

        @Override
        public Leadership leadership() {
            return new Leadership("c" + index, leader < 0 ? "" : "c" + leader, 1, applied);
        }

        @Override
        public void close() {
            // Holds nothing.
        }

        private void applyUpTo(final int upTo) {
            if (applied >= upTo) {
                return;
            }
            while (applied < upTo) {
                final Entry entry = entries.get(applied++);
                lastResult = state.apply(entry.id, entry.command, entry.epochMillis);
            }
            onApplied.accept(index);
        }

        private void noLeader(final CompletableFuture<CommandResult> answer) {
            world.after(TIMEOUT_NANOS, "", () ->
                answer.completeExceptionally(new SpillwayException(ErrorCode.NO_LEADER, "no leader answered in time")));
        }
    }
}
