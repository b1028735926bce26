package io.spillway.node.scheduler;

/**
 * A request's place in a {@link FairShare}, from arrival to end. Opaque to its holder but for the item. Single writer: the
 * engine thread.
 *
 * @param <S> what waits
 */
public final class FairTicket<S> implements Comparable<FairTicket<S>> {
    final FairTenant<S> tenant;
    final FairRun<S> run;
    final int priority;
    final long cost;
    final long arrival;
    final long key; // within its run: what the run had been served when it came, less what its priority is worth
    long charged;
    long served;
    private final S item;

    FairTicket(
        final S item, final FairTenant<S> tenant, final FairRun<S> run, final int priority, final long cost,
        final long arrival, final long key) {
        this.item = item;
        this.tenant = tenant;
        this.run = run;
        this.priority = priority;
        this.cost = cost;
        this.arrival = arrival;
        this.key = key;
    }

    /** @return what waits */
    public S item() {
        return item;
    }

    /** @return of the request */
    public int priority() {
        return priority;
    }

    @Override
    public int compareTo(final FairTicket<S> other) {
        final int byKey = Long.compare(key, other.key);
        return byKey != 0 ? byKey : Long.compare(arrival, other.arrival);
    }
}
