package io.spillway.sim;

import io.spillway.testkit.sim.SimNetwork;
import io.spillway.testkit.sim.SimWorld;

/**
 * Which faults a world has, drawn from its seed: many are off, the others are anything from rare to frequent, so that each
 * seed is bad in its own way. Probabilities are per chance to go wrong.
 *
 * @param crashesPerMinute    of each engine
 * @param cutsPerMinute       between an engine and a coordinator
 * @param leaderLossPerMinute of the replicated log
 * @param lostProposal        a proposal, or its answer, is lost
 * @param lostFeedback        a KV batch, a resync call or a load report is lost
 * @param repeats             a KV batch or a token delta comes twice
 * @param silentCrash         a crash that no connection shows: only the lease tells
 * @param lateEvents          events of an ended stream arrive all the same
 * @param slowness            how much slower an engine may become
 * @param nodeEventsMax       room for node events in a coordinator
 * @param network             delays
 */
record Swarm(
    double crashesPerMinute, double cutsPerMinute, double leaderLossPerMinute, double lostProposal, double lostFeedback,
    double repeats, double silentCrash, double lateEvents, int slowness, int nodeEventsMax, SimNetwork.Faults network) {
    /** Nothing goes wrong. */
    static final Swarm CALM = new Swarm(0, 0, 0, 0, 0, 0, 0, 0, 1, 1 << 16, SimNetwork.Faults.NONE);

    static Swarm draw(final SimWorld world) {
        if (world.chance(0.1)) {
            return CALM;
        }
        return new Swarm(
            rate(world, 20), rate(world, 10), rate(world, 12), rate(world, 0.4), rate(world, 0.3), rate(world, 0.3),
            rate(world, 0.8), rate(world, 0.8), (int) world.between(1, 20),
            world.chance(0.3) ? (int) world.between(2, 8) : 1 << 16,
            new SimNetwork.Faults(100_000, world.between(200_000, 60_000_000), 0));
    }

    boolean calm() {
        return this == CALM;
    }

    private static double rate(final SimWorld world, final double most) {
        return world.chance(0.5) ? 0 : world.random().nextDouble() * most;
    }
}
