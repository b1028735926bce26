package io.spillway.testkit.sim;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Links between named places. What is sent on one link arrives in order, after a delay, or not at all. World's thread only.
 */
public final class SimNetwork {
    private final SimWorld world;
    private final Map<Link, Long> lastArrivalNanos = new HashMap<>();
    private final Set<Link> cut = new HashSet<>();
    private Faults faults;
    private long dropped;
    private long delivered;

    /**
     * How bad it is.
     *
     * @param delayMinNanos   shortest way
     * @param delayMaxNanos   longest way
     * @param dropProbability of each datagram; messages of a stream are never dropped one by one
     */
    public record Faults(long delayMinNanos, long delayMaxNanos, double dropProbability) {
        /** Fast and reliable. */
        public static final Faults NONE = new Faults(100_000, 500_000, 0);
    }

    private record Link(String from, String to) {
    }

    /** @param faults how bad it is at first */
    public SimNetwork(final SimWorld world, final Faults faults) {
        this.world = world;
        this.faults = faults;
    }

    /** From now on it is that bad. */
    public void faults(final Faults newFaults) {
        faults = newFaults;
    }

    /** Cuts both ways between two places: what is sent, or on its way, does not arrive. */
    public void cut(final String one, final String other) {
        cut.add(new Link(one, other));
        cut.add(new Link(other, one));
    }

    /** Mends what was cut. */
    public void mend(final String one, final String other) {
        cut.remove(new Link(one, other));
        cut.remove(new Link(other, one));
    }

    /** Mends everything. */
    public void mendAll() {
        cut.clear();
    }

    /** @return whether nothing gets from one place to the other */
    public boolean isCut(final String from, final String to) {
        return cut.contains(new Link(from, to));
    }

    /** Sends what may get lost. @return false when it was lost at once */
    public boolean datagram(final String from, final String to, final String label, final Runnable arrival) {
        if (world.chance(faults.dropProbability)) {
            dropped++;
            return false;
        }
        return stream(from, to, label, arrival);
    }

    /** Sends what gets lost only when the link is cut. @return false when it was lost at once */
    public boolean stream(final String from, final String to, final String label, final Runnable arrival) {
        final Link link = new Link(from, to);
        if (cut.contains(link)) {
            dropped++;
            return false;
        }
        final long now = world.clock().nanoTime();
        final long drawn = now + world.between(faults.delayMinNanos, faults.delayMaxNanos);
        final long at = Math.max(drawn, lastArrivalNanos.getOrDefault(link, 0L));
        lastArrivalNanos.put(link, at);
        world.after(at - now, label, () -> {
            if (cut.contains(link)) {
                dropped++;
            } else {
                delivered++;
                arrival.run();
            }
        });
        return true;
    }

    /** @return messages that did not arrive */
    public long dropped() {
        return dropped;
    }

    /** @return messages that did */
    public long delivered() {
        return delivered;
    }
}
