package io.spillway.coordinator.admission;

import io.spillway.coordinator.dispatch.Attempt;
import io.spillway.coordinator.dispatch.Flight;
import io.spillway.coordinator.dispatch.MemberKey;
import io.spillway.coordinator.placement.Candidate;
import io.spillway.coordinator.state.ClusterView;
import io.spillway.domain.cluster.ModelDescriptor;
import io.spillway.domain.cluster.NodeLoad;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.NodeId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** What the agent knows of the engines: the newest view, their load reports, and its own work on them. Agent's thread only. */
final class NodeBook {
    private static final int MODELS_REMEMBERED_MAX = 256;

    private static final int IDLE_UNREPORTED_MAX = 4;

    private final long loadLagNanos;
    private final int idlePerNode;
    private final Map<ModelId, ModelDescriptor> models = new LinkedHashMap<>();
    private SortedMap<NodeId, Engine> engines = new TreeMap<>();
    private ClusterView view = ClusterView.EMPTY;

    /**
     * @param loadLagNanos age at which a sent request is taken to be in the next load report
     * @param idlePerNode  most requests on a node that run from idle capacity
     */
    NodeBook(final long loadLagNanos, final int idlePerNode) {
        this.loadLagNanos = loadLagNanos;
        this.idlePerNode = idlePerNode;
    }

    /** Takes a view over. Engines that stay keep what is known of them. */
    void onView(final ClusterView newView) {
        view = newView;
        final SortedMap<NodeId, Engine> next = new TreeMap<>();
        for (final ClusterView.Member member : newView.members().values()) {
            member.descriptor().model().ifPresent(model -> {
                final Engine known = engines.get(member.descriptor().id());
                next.put(member.descriptor().id(),
                    known != null && known.member.epoch() == member.epoch() ? known.renewed(member) : new Engine(member));
                remember(model);
            });
        }
        engines = next;
    }

    /** @return whether it is from a member as the view knows it */
    boolean onLoad(final NodeLoad load, final long nowNanos) {
        final Engine engine = engines.get(load.id());
        if (engine == null || engine.member.epoch() != load.epoch()) {
            return false;
        }
        engine.load = Optional.of(load);
        engine.unreported.removeIf(attempt -> attempt.begun() || nowNanos - attempt.launchedNanos() >= loadLagNanos);
        engine.endedTokens = 0;
        engine.work = null;
        return true;
    }

    /** @param isIdle whether it runs from idle capacity only */
    void onLaunched(final Attempt attempt, final boolean isIdle) {
        engineOf(attempt).ifPresent(engine -> {
            engine.running.add(attempt);
            if (isIdle) {
                engine.idle.add(attempt);
            }
            engine.unreported.add(attempt);
            engine.placements++;
            engine.work = null;
        });
    }

    void onReleased(final Attempt attempt) {
        engineOf(attempt).ifPresent(engine -> {
            engine.running.remove(attempt);
            engine.idle.remove(attempt);
            engine.sources = engine.sources.plus(attempt.sources());
            if (!engine.unreported.remove(attempt)) {
                engine.endedTokens += attempt.estimate().computedTokens();
            }
            engine.work = null;
        });
    }

    /** @return the live engines that serve a model, in id order, as placement sees them */
    List<Candidate> candidates(final Flight flight, final long nowNanos) {
        final List<Candidate> candidates = new ArrayList<>();
        for (final Engine engine : engines.values()) {
            if (engine.serves(flight.request().model())) {
                candidates.add(new Candidate(engine.member.descriptor(), engine.member.epoch(), engine.load, engine.work(),
                    flight.excludes(engine.key(), nowNanos) || flight.request().isIdle() && !engine.hasIdleRoom(idlePerNode)));
            }
        }
        return candidates;
    }

    boolean served(final ModelId model) {
        return engines.values().stream().anyMatch(engine -> engine.serves(model));
    }

    boolean anyEngine() {
        return !engines.isEmpty();
    }

    /** @return the model of that id, if an engine serves it or has served it */
    Optional<ModelDescriptor> model(final ModelId id) {
        return Optional.ofNullable(models.get(id));
    }

    ClusterView view() {
        return view;
    }

    /** @return statistics per live engine, in id order */
    SortedMap<NodeId, CoordinatorStats.Node> stats() {
        final SortedMap<NodeId, CoordinatorStats.Node> stats = new TreeMap<>();
        engines.forEach((id, engine) -> stats.put(id, new CoordinatorStats.Node(
            engine.member.epoch(), engine.running.size(), engine.placements, engine.sources, engine.load)));
        return stats;
    }

    private Optional<Engine> engineOf(final Attempt attempt) {
        return Optional.ofNullable(engines.get(attempt.member().id()))
            .filter(engine -> engine.member.epoch() == attempt.member().epoch());
    }

    private void remember(final ModelDescriptor model) {
        models.put(model.id(), model);
        if (models.size() > MODELS_REMEMBERED_MAX) {
            models.remove(models.keySet().iterator().next());
        }
    }

    private static final class Engine {
        private ClusterView.Member member;
        private final Set<Attempt> running = new LinkedHashSet<>();
        private final Set<Attempt> unreported = new LinkedHashSet<>();
        /** Those that run from idle capacity. */
        private final Set<Attempt> idle = new LinkedHashSet<>();
        private Optional<NodeLoad> load = Optional.empty();
        private long placements;
        private CoordinatorStats.Sources sources = CoordinatorStats.Sources.NONE;
        /**
         * Tokens of attempts that ended since the last report, which may still count them as queued: an agent's next request
         * comes at once, and must not be sent away from its prefix by its own predecessor.
         */
        private int endedTokens;
        /** Null when it must be added up again. */
        private Candidate.OwnWork work = Candidate.OwnWork.NONE;

        private Engine(final ClusterView.Member member) {
            this.member = member;
        }

        private Engine renewed(final ClusterView.Member newMember) {
            member = newMember;
            return this;
        }

        /**
         * Whether one more may come that takes idle capacity only. As long as the node queues nobody it has slots free; a few are
         * sent at a time, so that the next report tells before there are too many.
         */
        private boolean hasIdleRoom(final int idleMax) {
            return load.filter(known -> known.queuedRequests() == 0).isPresent() && idle.size() < idleMax
                && unreported.stream().filter(idle::contains).count() < IDLE_UNREPORTED_MAX;
        }

        private MemberKey key() {
            return new MemberKey(member.descriptor().id(), member.epoch());
        }

        private boolean serves(final ModelId model) {
            return member.descriptor().model().map(served -> served.id().equals(model)).orElse(false);
        }

        private Candidate.OwnWork work() {
            if (work == null) {
                int tokens = 0;
                int blocks = 0;
                for (final Attempt attempt : unreported) {
                    tokens += attempt.begun() ? 0 : attempt.estimate().computedTokens();
                    blocks += attempt.estimate().blocksNeeded();
                }
                work = new Candidate.OwnWork(running.size(), tokens, endedTokens, blocks);
            }
            return work;
        }
    }
}
