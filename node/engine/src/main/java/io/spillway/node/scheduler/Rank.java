package io.spillway.node.scheduler;

/**
 * A sequence's place among all others, fixed when it begins: who comes before whom does not change, so that everybody's turn
 * comes. Immutable.
 *
 * @param key      virtual time at which its tenant's share began, less what its priority is worth; the lowest goes first
 * @param arrival  number of its arrival: decides between equal keys
 * @param priority of the request
 * @param flow     small number of the agent run (or the tenant's requests without one) it belongs to; unique among the flows
 *                 that have requests here
 */
public record Rank(long key, long arrival, int priority, int flow) implements Comparable<Rank> {
    @Override
    public int compareTo(final Rank other) {
        final int byKey = Long.compare(key, other.key);
        return byKey != 0 ? byKey : Long.compare(arrival, other.arrival);
    }
}
