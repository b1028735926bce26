package io.spillway.gateway.console;

import static java.util.Objects.requireNonNull;

import io.spillway.coordinator.admission.CoordinatorStats;
import io.spillway.coordinator.admission.RequestSummary;
import io.spillway.coordinator.dispatch.Flight;
import io.spillway.coordinator.state.ClusterView;
import io.spillway.domain.cluster.NodeLoad;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.request.PrefillSources;
import io.spillway.domain.time.EpochClock;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** The console's state, put together from what a coordinator replica knows. Any thread. */
public final class CoordinatorConsole implements ConsoleState {
    private final Sources sources;

    /**
     * Where the state comes from; each is asked at every snapshot, on any thread, and must not block.
     *
     * @param loads     newest report per member; those of engines may be missing, the coordinator's statistics have them
     * @param reachable members whose stream to this replica is open
     * @param replicas  all coordinator replicas, as this one knows them
     */
    public record Sources(
        Supplier<ClusterView> view, Supplier<CoordinatorStats> stats, Supplier<Map<NodeId, NodeLoad>> loads,
        Supplier<Set<NodeId>> reachable, Supplier<List<ConsoleSnapshot.Replica>> replicas, EpochClock clock) {
        public Sources {
            requireNonNull(view, "view");
            requireNonNull(stats, "stats");
            requireNonNull(loads, "loads");
            requireNonNull(reachable, "reachable");
            requireNonNull(replicas, "replicas");
            requireNonNull(clock, "clock");
        }
    }

    public CoordinatorConsole(final Sources sources) {
        this.sources = requireNonNull(sources, "sources");
    }

    @Override
    public ConsoleSnapshot snapshot() {
        final long nowEpochMillis = sources.clock().epochMillis();
        final ClusterView view = sources.view().get();
        final CoordinatorStats stats = sources.stats().get();
        return new ConsoleSnapshot(nowEpochMillis, sources.replicas().get(), ConsoleMembers.of(view, heard(stats), nowEpochMillis),
            Stream.concat(stats.live().stream(), stats.recent().stream()).map(CoordinatorConsole::request).toList(),
            totals(stats, view));
    }

    private ConsoleMembers.Heard heard(final CoordinatorStats stats) {
        final Map<NodeId, NodeLoad> loads = new HashMap<>(sources.loads().get());
        final Map<NodeId, CoordinatorStats.Sources> tokens = new HashMap<>();
        stats.nodes().forEach((id, node) -> {
            node.load().ifPresent(load -> loads.put(id, load));
            tokens.put(id, node.sources());
        });
        return new ConsoleMembers.Heard(loads, sources.reachable().get(), tokens);
    }

    private static ConsoleSnapshot.Request request(final RequestSummary summary) {
        return new ConsoleSnapshot.Request(summary.id().value(), summary.run(), summary.agent().session(),
            summary.agent().agent(), summary.agent().step(), summary.agent().parentStep(), summary.model().value(), summary.node(),
            summary.attempts(), state(summary.state()), summary.failure().map(code -> code.name().toLowerCase(Locale.ROOT)).orElse(""),
            summary.usage().promptTokens(), summary.usage().cachedTokens(), summary.usage().outputTokens(),
            tokens(summary.usage().sources()), times(summary.times()), summary.placement());
    }

    private static ConsoleSnapshot.Sources tokens(final PrefillSources all) {
        return new ConsoleSnapshot.Sources(
            all.deviceTokens(), all.hostTokens(), all.remoteTokens(), all.diskTokens(), all.computedTokens());
    }

    private static ConsoleSnapshot.Times times(final RequestSummary.Times all) {
        return new ConsoleSnapshot.Times(all.queueNanos(), all.ttftNanos(), all.itlNanos(), all.durationNanos());
    }

    private static String state(final Flight.State state) {
        return state == Flight.State.WAITING ? "queued" : state.name().toLowerCase(Locale.ROOT);
    }

    /** Requests and tokens of this replica since it started; cost of the whole cluster, as the log has settled it. */
    private static ConsoleSnapshot.Totals totals(final CoordinatorStats stats, final ClusterView view) {
        final CoordinatorStats.Totals totals = stats.totals();
        final long costNanoDollars =
            view.usage().values().stream().mapToLong(ClusterView.UsageTotals::costNanoDollars).sum();
        return new ConsoleSnapshot.Totals(stats.waiting(), stats.inFlight(), totals.finished(),
            totals.failed() + totals.refused(), totals.cancelled(), stats.dispatch().failedOver(), totals.promptTokens(),
            totals.cachedTokens(), totals.outputTokens(), costNanoDollars);
    }
}
