package io.spillway.sim;

import io.spillway.coordinator.admission.AdmissionConfig;
import io.spillway.coordinator.admission.Coordinator;
import io.spillway.coordinator.admission.CoordinatorHooks;
import io.spillway.coordinator.admission.CoordinatorStats;
import io.spillway.coordinator.dispatch.DispatchConfig;
import io.spillway.coordinator.dispatch.NodePort;
import io.spillway.coordinator.placement.PlacementConfig;
import io.spillway.coordinator.state.ClusterView;
import io.spillway.domain.cluster.NodeDescriptor;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.request.GenerationEvent;
import io.spillway.domain.request.GenerationRequest;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/** One replica: the real core, stepped by the world's events, behind a made-up port. */
final class SimCoordinator implements NodePort {
    static final int NODE_IN_FLIGHT_MAX = 6;
    private static final long TICK_NANOS = 100_000_000L;
    private static final long DETECTION_MAX_NANOS = 300_000_000L;

    private final Simulation sim;
    private final int index;
    private final Coordinator core;
    private final List<Stream> streams = new ArrayList<>();
    private ClusterView view = ClusterView.EMPTY;
    private CoordinatorStats checked = CoordinatorStats.EMPTY;
    private final Set<ModelId> modelsSeen = new HashSet<>();
    private boolean stepScheduled;
    private long consumed;

    SimCoordinator(final Simulation sim, final int index) {
        this.sim = sim;
        this.index = index;
        this.core = new Coordinator(config(sim.swarm()), this,
            new CoordinatorHooks(this::wake, this::resync, consumption -> consumed++), sim.world().clock());
        tick();
    }

    private static AdmissionConfig config(final Swarm swarm) {
        final long second = 1_000_000_000L;
        return new AdmissionConfig(new AdmissionConfig.Queues(256, 256, 64),
            new AdmissionConfig.Patience(15 * second, 6 * second, second / 4, second / 10, second / 2, second / 10),
            new DispatchConfig(6, 600 * second, swarm.nodeEventsMax(), 64),
            new PlacementConfig(NODE_IN_FLIGHT_MAX, 10_000, 8_000_000L, 1e9, 0.5, 256, 64, 0.5));
    }

    String name() {
        return "c" + index;
    }

    Coordinator core() {
        return core;
    }

    /** @return requests whose usage was handed to the ledger */
    long consumed() {
        return consumed;
    }

    void onView(final ClusterView newView) {
        view = newView;
        newView.models().forEach(model -> modelsSeen.add(model.id()));
        core.onView(newView);
    }

    /** The connections to an engine are found broken, each after a while. */
    void breakStreams(final String engine, final String why) {
        for (final Stream stream : List.copyOf(streams)) {
            if (stream.engine().equals(engine)) {
                stream.snap();
                failLater(stream, why);
            }
        }
    }

    @Override
    public Call generate(
        final NodeDescriptor node, final long epoch, final GenerationRequest request, final Consumer<GenerationEvent> listener) {
        checkPlacement(node, epoch, request);
        sim.world().note(name() + " sends " + request.id() + " to " + node.id() + " epoch " + epoch + " from token "
            + request.emittedTokens().length);
        final Stream stream = new Stream(sim, this, node.id().value(), request, listener);
        streams.removeIf(Stream::ended);
        streams.add(stream);
        final SimEngine engine = sim.engine(node.id());
        final boolean sent = sim.network().stream(name(), engine.name(), "", () -> {
            if (engine.alive()) {
                engine.receive(stream, epoch);
            } else {
                failLater(stream, "nobody listens");
            }
        });
        if (!sent) {
            failLater(stream, "no way there");
        }
        return () -> sim.network().stream(name(), engine.name(), "", () -> engine.cancel(stream));
    }

    /** @return whether any of its views had a node that serves the model */
    boolean hasSeen(final ModelId model) {
        return modelsSeen.contains(model);
    }

    /** Sums that must hold whenever statistics are published. */
    void check() {
        final CoordinatorStats stats = core.stats();
        if (stats == checked) {
            return;
        }
        checked = stats;
        final CoordinatorStats.Totals totals = stats.totals();
        if (totals.accepted() != totals.finished() + totals.failed() + totals.cancelled() + stats.inFlight() + stats.waiting()) {
            throw new AssertionError(name() + " has lost count of its requests: " + stats);
        }
        for (final Map.Entry<NodeId, CoordinatorStats.Node> node : stats.nodes().entrySet()) {
            if (node.getValue().inFlight() > NODE_IN_FLIGHT_MAX) {
                throw new AssertionError(name() + " has too much on " + node.getKey() + ": " + node.getValue());
            }
        }
    }

    private void checkPlacement(final NodeDescriptor node, final long epoch, final GenerationRequest request) {
        final ClusterView.Member member = view.members().get(node.id());
        if (member == null || member.epoch() != epoch) {
            throw new AssertionError(request.id() + " was placed on " + node.id() + ", which is no member of that epoch");
        }
        if (!member.descriptor().model().orElseThrow().id().equals(request.model())) {
            throw new AssertionError(request.id() + " was placed on " + node.id() + ", which serves another model");
        }
    }

    private void failLater(final Stream stream, final String why) {
        sim.world().after(sim.world().between(1_000_000, DETECTION_MAX_NANOS), "", () -> stream.fail(why));
    }

    private void resync(final NodeId source) {
        final SimMember member = sim.member(source);
        if (!sim.world().chance(sim.swarm().lostFeedback())) {
            sim.network().stream(name(), member.name(), "", () -> member.feed.resync(index));
        }
    }

    private void wake() {
        if (!stepScheduled) {
            stepScheduled = true;
            sim.world().after(sim.world().between(0, 2_000_000), "", this::step);
        }
    }

    private void step() {
        stepScheduled = false;
        while (core.agent().doWork() > 0) {
            check();
        }
    }

    private void tick() {
        sim.world().every(TICK_NANOS, "", this::step);
    }
}
