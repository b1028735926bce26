package io.spillway.sim;

import io.spillway.testkit.sim.SimNetwork;
import io.spillway.testkit.sim.SimWorld;

/** Makes things go wrong, as often as the swarm says, and makes them right again. */
final class Faults {
    private static final long MINUTE = 60_000_000_000L;
    private static final long SECOND = 1_000_000_000L;

    private final Simulation sim;
    private final SimWorld world;
    private long endNanos;

    Faults(final Simulation sim) {
        this.sim = sim;
        this.world = sim.world();
    }

    void begin(final long faultsEndNanos) {
        endNanos = faultsEndNanos;
        for (final SimEngine engine : sim.engines()) {
            again(sim.swarm().crashesPerMinute(), () -> crash(engine));
            again(sim.swarm().slowness() > 1 ? 6 : 0, () -> engine.slowness((int) world.between(1, sim.swarm().slowness())));
            for (final SimCoordinator coordinator : sim.coordinators()) {
                again(sim.swarm().cutsPerMinute(), () -> cut(engine, coordinator));
            }
        }
        again(sim.swarm().crashesPerMinute() / 2, () -> crash(sim.store()));
        again(sim.swarm().leaderLossPerMinute(), sim.log()::loseLeader);
        if (!sim.swarm().calm()) {
            retireOne();
        }
    }

    /** One engine may go for good, when another of its model stays. */
    private void retireOne() {
        if (sim.engines().size() >= 3 && world.chance(0.3)) {
            world.after(world.between(SECOND, endNanos - SECOND), "", sim.engines().getFirst()::retire);
        }
    }

    void heal() {
        sim.log().lostProposal(0);
        sim.network().mendAll();
        sim.network().faults(SimNetwork.Faults.NONE);
        sim.engines().forEach(engine -> engine.slowness(1));
    }

    private void crash(final SimMember member) {
        if (member.alive()) {
            member.crash();
            world.after(world.between(SECOND / 10, 6 * SECOND), "", member::start);
        }
    }

    private void cut(final SimEngine engine, final SimCoordinator coordinator) {
        if (sim.network().isCut(engine.name(), coordinator.name())) {
            return;
        }
        world.note("cut " + engine.name() + " " + coordinator.name());
        sim.network().cut(engine.name(), coordinator.name());
        coordinator.breakStreams(engine.name(), "connection timed out");
        world.after(world.between(SECOND / 10, 4 * SECOND), "", () -> {
            world.note("mend " + engine.name() + " " + coordinator.name());
            sim.network().mend(engine.name(), coordinator.name());
        });
    }

    private void again(final double perMinute, final Runnable fault) {
        if (perMinute <= 0) {
            return;
        }
        world.after((long) (-Math.log(1 - world.random().nextDouble()) * MINUTE / perMinute), "", () -> {
            if (world.clock().nanoTime() < endNanos) {
                fault.run();
                again(perMinute, fault);
            }
        });
    }
}
