package io.spillway.sim;

import io.spillway.coordinator.state.Command;
import io.spillway.coordinator.state.CommandResult;
import io.spillway.domain.cluster.NodeDescriptor;
import io.spillway.domain.kv.KvEvent;
import io.spillway.domain.kv.KvEventBatch;
import io.spillway.testkit.sim.SimWorld;
import java.util.List;

/** A member of the cluster: registers, keeps its lease, sends its KV events. What it does besides is its subclass's. */
abstract class SimMember {
    private static final long LEASE_MILLIS = 3000;
    private static final long RENEW_NANOS = 900_000_000L;
    private static final long FEED_NANOS = 150_000_000L;

    final Simulation sim;
    final SimWorld world;
    final NodeDescriptor descriptor;
    final Feed feed;
    private boolean alive;
    private boolean retired;
    private int incarnation;
    private int registrations;
    private int renewals;
    private long epoch;

    SimMember(final Simulation sim, final NodeDescriptor descriptor) {
        this.sim = sim;
        this.world = sim.world();
        this.descriptor = descriptor;
        this.feed = new Feed(descriptor.id(), sim.coordinators().size(), this::held);
    }

    /** @return all blocks it holds now */
    abstract List<KvEvent> held();

    /** It has lost its memory. */
    abstract void onCrash();

    final String name() {
        return descriptor.id().value();
    }

    final boolean alive() {
        return alive;
    }

    final long epoch() {
        return epoch;
    }

    /** @return whether it is still the process it was at that incarnation */
    final boolean lives(final int born) {
        return alive && incarnation == born;
    }

    final int incarnation() {
        return incarnation;
    }

    /** It crashes and does not come back. */
    final void retire() {
        crash();
        retired = true;
    }

    final boolean retired() {
        return retired;
    }

    final void start() {
        if (retired) {
            return;
        }
        alive = true;
        incarnation++;
        world.note(name() + " starts");
        register(incarnation, ++registrations);
        beat(incarnation);
    }

    final void crash() {
        if (alive) {
            alive = false;
            epoch = 0;
            world.note(name() + " crashes");
            onCrash();
            feed.beginEpoch(0);
        }
    }

    private void register(final int born, final int registration) {
        if (!lives(born) || registration != registrations || epoch != 0) {
            return;
        }
        // The same id again and again: if the first proposal was applied and only its answer lost, it counts once.
        sim.propose(name() + "-registers-" + registration, new Command.RegisterNode(descriptor, LEASE_MILLIS),
            result -> onRegistered(born, registration, result));
        world.after(1_000_000_000L, "", () -> register(born, registration));
    }

    private void onRegistered(final int born, final int registration, final CommandResult result) {
        if (lives(born) && registration == registrations && epoch == 0
            && result instanceof CommandResult.Registered registered) {
            epoch = registered.epoch();
            feed.beginEpoch(epoch);
            world.note(name() + " is registered, epoch " + epoch);
        }
    }

    private void beat(final int born) {
        world.after(RENEW_NANOS, "", () -> {
            if (lives(born)) {
                renew(born);
                beat(born);
            }
        });
        sendFeed(born);
    }

    private void renew(final int born) {
        final long renewed = epoch;
        if (renewed != 0) {
            sim.propose(name() + "-renews-" + ++renewals,
                new Command.RenewLeases(List.of(new Command.Lease(descriptor.id(), renewed)), LEASE_MILLIS), result -> {
                    if (lives(born) && epoch == renewed
                        && result instanceof CommandResult.Renewed(var stale) && !stale.isEmpty()) {
                        world.note(name() + " was expelled");
                        epoch = 0;
                        register(born, ++registrations);
                    }
                });
        }
    }

    private void sendFeed(final int born) {
        for (long at = 0; at < RENEW_NANOS; at += FEED_NANOS) {
            world.after(at, "", () -> {
                if (lives(born) && epoch != 0) {
                    for (int follower = 0; follower < sim.coordinators().size(); follower++) {
                        send(follower, feed.next(follower));
                    }
                    report();
                }
            });
        }
    }

    /** Sends a load report, if it has one. */
    void report() {
        // A store reports nothing that placement reads.
    }

    private void send(final int follower, final KvEventBatch batch) {
        final SimCoordinator coordinator = sim.coordinators().get(follower);
        for (int copies = world.chance(sim.swarm().repeats()) ? 2 : 1; copies > 0; copies--) {
            if (!world.chance(sim.swarm().lostFeedback())) {
                sim.network().stream(name(), coordinator.name(), "", () -> coordinator.core().onKvEvents(batch));
            }
        }
    }
}
