package io.spillway.coordinator.dispatch;

import io.spillway.domain.request.GenerationEvent;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Where node events wait for the owner's thread. Bounded; an event that finds no room marks its attempt as overflowed, which
 * the owner treats as a lost node: the request continues elsewhere and nothing is missing. The list of overflowed attempts is
 * bounded by the attempts there are, each enters at most once. Offered to by any thread, polled by the owner.
 */
public final class NodeInbox {
    private final ArrayBlockingQueue<Arrival> arrivals;
    private final ConcurrentLinkedQueue<Attempt> overflowed = new ConcurrentLinkedQueue<>();
    private final Runnable wakeup;

    /** @param wakeup runs after every arrival, on the arriving thread; must be cheap */
    public NodeInbox(final int eventsMax, final Runnable wakeup) {
        this.arrivals = new ArrayBlockingQueue<>(eventsMax);
        this.wakeup = wakeup;
    }

    /** One event of one attempt. */
    record Arrival(Attempt attempt, GenerationEvent event) {
    }

    boolean offer(final Attempt attempt, final GenerationEvent event) {
        final boolean accepted = arrivals.offer(new Arrival(attempt, event));
        if (accepted) {
            wakeup.run();
        }
        return accepted;
    }

    void overflow(final Attempt attempt) {
        overflowed.add(attempt);
        wakeup.run();
    }

    Arrival poll() {
        return arrivals.poll();
    }

    Attempt pollOverflowed() {
        return overflowed.poll();
    }
}
