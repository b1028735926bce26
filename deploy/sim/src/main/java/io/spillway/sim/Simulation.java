package io.spillway.sim;

import io.spillway.coordinator.state.Command;
import io.spillway.coordinator.state.CommandResult;
import io.spillway.coordinator.state.ReplicatedLog;
import io.spillway.domain.cluster.ModelDescriptor;
import io.spillway.domain.cluster.NodeDescriptor;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.KvEvent;
import io.spillway.testkit.gen.Models;
import io.spillway.testkit.gen.Requests;
import io.spillway.testkit.sim.SimNetwork;
import io.spillway.testkit.sim.SimWorld;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * A cluster and its day: first faults and requests, then the faults stop and everything must come to rest and right.
 *
 * <p>Holds after every event: blocks are conserved; each coordinator's sums add up; requests are sent to members of the view
 * and of the right model only; a client sees each token once, in order and right, and one end. Holds at the end: every request
 * has ended; requests made after the faults have finished; no engine still works; every prefix index knows exactly the blocks
 * there are.
 */
public final class Simulation {
    private static final long SECOND = 1_000_000_000L;
    private static final long FAULTS_END_NANOS = 20 * SECOND;
    private static final long PROBES_NANOS = 30 * SECOND;
    private static final long END_NANOS = 40 * SECOND;
    private static final int COORDINATORS = 3;
    private static final int PROBES = 8;

    private final SimWorld world;
    private final SimNetwork network;
    private final SimReplicatedLog log;
    private final List<SimCoordinator> coordinators = new ArrayList<>();
    private final Map<NodeId, SimMember> members = new LinkedHashMap<>();
    private final List<SimEngine> engines = new ArrayList<>();
    private final SimStore store;
    private final List<SimClient> clients = new ArrayList<>();
    private final List<ModelDescriptor> models = List.of(Models.model("brook", 16, 2048), Models.model("delta", 16, 2048));
    private final List<int[]> sessions = new ArrayList<>();
    private final Faults faults;
    private Swarm swarm;

    /** What a run came to. */
    public record Outcome(long seed, long events, int requests, long finished, String digest, String log) {
    }

    private Simulation(final long seed) {
        world = new SimWorld(seed);
        swarm = Swarm.draw(world);
        network = new SimNetwork(world, swarm.network());
        log = new SimReplicatedLog(world, COORDINATORS, replica -> coordinators.get(replica).onView(replica(replica).view()));
        log.lostProposal(swarm.lostProposal());
        for (int i = 0; i < COORDINATORS; i++) {
            coordinators.add(new SimCoordinator(this, i));
        }
        store = new SimStore(this, Models.store("store"));
        join(store);
        final int count = (int) world.between(2, 5);
        for (int i = 0; i < count; i++) {
            final ModelDescriptor model = models.get(i == count - 1 && count > 2 ? 1 : 0);
            final NodeDescriptor node = Models.engine("n" + i, model, (int) world.between(35, 90));
            final SimEngine engine = new SimEngine(this, node);
            engines.add(engine);
            join(engine);
        }
        faults = new Faults(this);
        world.invariant(this::check);
    }

    /** Runs a seed from beginning to end; throws with the seed and the way to replay it when something does not hold. */
    public static Outcome run(final long seed) {
        final Simulation sim = new Simulation(seed);
        try {
            sim.live();
        } catch (final AssertionError | RuntimeException e) {
            throw new AssertionError("seed " + seed + " fails: " + e.getMessage() + "\nreplay: mvn -pl deploy/sim test"
                + " -Dtest=ReplayTest -Dspillway.sim.seed=" + seed + "\n... " + sim.world.log().tail(25), e);
        }
        return new Outcome(seed, sim.world.events(), sim.clients.size(),
            sim.clients.stream().filter(SimClient::finished).count(), sim.world.log().digest(), sim.world.log().text());
    }

    SimWorld world() {
        return world;
    }

    SimNetwork network() {
        return network;
    }

    Swarm swarm() {
        return swarm;
    }

    List<SimCoordinator> coordinators() {
        return coordinators;
    }

    List<SimEngine> engines() {
        return engines;
    }

    SimReplicatedLog log() {
        return log;
    }

    SimStore store() {
        return store;
    }

    SimMember member(final NodeId id) {
        return members.get(id);
    }

    SimEngine engine(final NodeId id) {
        return (SimEngine) members.get(id);
    }

    /** A member proposes, through a replica of its choice; nobody answers when something is lost on the way. */
    void propose(final String id, final Command command, final Consumer<CommandResult> answer) {
        final int replica = world.random().nextInt(COORDINATORS);
        replica(replica).propose(id, command).thenAccept(answer);
    }

    /** A process is gone and so are its connections, unless the crash is a silent one. */
    void breakStreams(final SimEngine engine) {
        final boolean silent = world.chance(swarm.silentCrash());
        for (final SimCoordinator coordinator : coordinators) {
            if (!silent) {
                coordinator.breakStreams(engine.name(), "connection reset");
            }
        }
    }

    private ReplicatedLog replica(final int index) {
        return log.replica(index);
    }

    private void join(final SimMember member) {
        members.put(member.descriptor.id(), member);
        world.after(world.between(0, SECOND / 5), "", member::start);
    }

    private void live() {
        world.every(SECOND, "", () -> propose("expiry-" + world.events(), new Command.ExpireLeases(), result -> { }));
        faults.begin(FAULTS_END_NANOS);
        final int requests = (int) world.between(15, 45);
        for (int i = 0; i < requests; i++) {
            final int number = i;
            world.after(world.between(SECOND / 2, FAULTS_END_NANOS), "", () -> ask("r" + number, swarm.calm()));
        }
        world.runUntil(FAULTS_END_NANOS);
        world.note("the faults end");
        swarm = Swarm.CALM;
        faults.heal();
        world.runUntil(PROBES_NANOS);
        for (int i = 0; i < PROBES; i++) {
            ask("probe" + i, true);
        }
        world.runUntil(END_NANOS);
        checkRest();
    }

    /** Somebody asks: mostly a conversation goes on, sometimes another begins. */
    private void ask(final String id, final boolean mustFinish) {
        final boolean second = engines.size() > 2 && world.chance(0.25);
        final boolean unknown = !mustFinish && world.chance(0.03);
        final ModelDescriptor model = unknown ? Models.model("unheard-of", 16, 2048) : models.get(second ? 1 : 0);
        final int from = sessions.isEmpty() || world.chance(0.3) ? -1 : world.random().nextInt(sessions.size());
        final int[] prefix = from < 0 ? new int[0] : sessions.get(from);
        final int[] prompt = prefix.length > 350 ? prefix : Requests.extended(
            world.random(), prefix, (int) world.between(1, 120), 1000);
        sessions.add(prompt);
        final SimClient client = new SimClient(
            this, Requests.request(id, world.chance(0.5) ? "ann" : "bob", model, prompt, (int) world.between(1, 40)), mustFinish);
        clients.add(client);
        client.submit(world.pick(coordinators));
        if (!mustFinish && world.chance(0.15)) {
            world.after(world.between(0, SECOND), "", client::cancel);
        }
    }

    private void check() {
        engines.forEach(SimEngine::check);
        coordinators.forEach(SimCoordinator::check);
    }

    private void checkRest() {
        for (final SimClient client : clients) {
            require(client.ended(), client.name() + " has not ended");
        }
        for (final SimEngine engine : engines) {
            require(engine.retired() || engine.alive() && engine.epoch() != 0, engine.name() + " is not back");
            require(engine.sequences() == 0, engine.name() + " still works on " + engine.open());
        }
        final Set<BlockHash> blocks = new HashSet<>();
        engines.forEach(engine -> blocks.addAll(engine.blockNames()));
        store.held().forEach(event -> blocks.add(((KvEvent.BlockStored) event).hash()));
        for (final SimCoordinator coordinator : coordinators) {
            final var stats = coordinator.core().stats();
            require(stats.inFlight() == 0 && stats.waiting() == 0, coordinator.name() + " is not at rest: " + stats);
            require(stats.blocks().blocks() == blocks.size(), coordinator.name() + " knows " + stats.blocks().blocks() + " of "
                + blocks.size() + " blocks");
        }
    }

    private static void require(final boolean holds, final String broken) {
        if (!holds) {
            throw new AssertionError(broken);
        }
    }
}
