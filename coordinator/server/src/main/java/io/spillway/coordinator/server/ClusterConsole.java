package io.spillway.coordinator.server;

import io.spillway.coordinator.admission.Coordinator;
import io.spillway.coordinator.admission.CoordinatorStats;
import io.spillway.coordinator.admission.RequestSummary;
import io.spillway.coordinator.state.ClusterView;
import io.spillway.coordinator.state.ReplicatedLog;
import io.spillway.domain.cluster.NodeLoad;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.time.EpochClock;
import io.spillway.gateway.console.ConsoleMembers;
import io.spillway.gateway.console.ConsoleSnapshot;
import io.spillway.gateway.console.ConsoleState;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What the console shows, from the log, the coordinator and the members' reports. Any thread. */
final class ClusterConsole implements ConsoleState {
    private final List<CoordinatorConfig.Peer> peers;
    private final ReplicatedLog log;
    private final Coordinator coordinator;
    private final Map<NodeId, NodeLoad> loads;
    private final EpochClock clock;

    /** @param loads newest report per member; written by others */
    ClusterConsole(
        final List<CoordinatorConfig.Peer> peers, final ReplicatedLog log, final Coordinator coordinator,
        final Map<NodeId, NodeLoad> loads, final EpochClock clock) {
        this.peers = peers;
        this.log = log;
        this.coordinator = coordinator;
        this.loads = loads;
        this.clock = clock;
    }

    @Override
    public ConsoleSnapshot snapshot() {
        final ClusterView view = log.view();
        final CoordinatorStats stats = coordinator.stats();
        final long nowEpochMillis = clock.epochMillis();
        final List<ConsoleSnapshot.Request> requests = new ArrayList<>();
        stats.live().forEach(request -> requests.add(row(request)));
        stats.recent().forEach(request -> requests.add(row(request)));
        return new ConsoleSnapshot(nowEpochMillis, replicas(), ConsoleMembers.of(view, loads, nowEpochMillis), requests,
            totals(view, stats));
    }

    private List<ConsoleSnapshot.Replica> replicas() {
        final ReplicatedLog.Leadership leadership = log.leadership();
        return peers.stream().map(peer -> {
            final boolean self = peer.id().equals(leadership.replicaId());
            return new ConsoleSnapshot.Replica(peer.id(), peer.id().equals(leadership.leaderId()), self, leadership.term(),
                self ? leadership.appliedIndex() : -1);
        }).toList();
    }

    private static ConsoleSnapshot.Request row(final RequestSummary request) {
        final String state = switch (request.state()) {
            case WAITING -> "queued";
            case RUNNING, FINISHED, FAILED, CANCELLED -> request.state().name().toLowerCase(Locale.ROOT);
        };
        return new ConsoleSnapshot.Request(request.id().value(), "", request.model().value(), request.node(), state,
            request.usage().promptTokens(), request.usage().cachedTokens(), request.usage().outputTokens(),
            request.ttftNanos(), request.durationNanos(), request.placement());
    }

    private static ConsoleSnapshot.Totals totals(final ClusterView view, final CoordinatorStats stats) {
        final CoordinatorStats.Totals totals = stats.totals();
        final long costNanoDollars = view.usage().values().stream()
            .mapToLong(ClusterView.UsageTotals::costNanoDollars).sum();
        return new ConsoleSnapshot.Totals(stats.waiting(), stats.inFlight(), totals.finished(), totals.failed(),
            totals.cancelled(), stats.dispatch().failedOver(), totals.promptTokens(), totals.cachedTokens(),
            totals.outputTokens(), costNanoDollars);
    }
}
