package io.spillway.coordinator.admission;

import io.spillway.coordinator.dispatch.Flight;
import io.spillway.coordinator.state.ClusterView;
import io.spillway.domain.id.NodeId;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Where other threads leave work for the agent. Bounded: submissions and feedback by their queues; cancels by the requests
 * there are (each enters at most once); views by keeping the newest only; missed sources by the members there are.
 */
final class AdmissionInbox {
    final ArrayBlockingQueue<Flight> submissions;
    final ArrayBlockingQueue<Feedback> feedback;
    final ConcurrentLinkedQueue<Flight> cancels = new ConcurrentLinkedQueue<>();
    /** Members of whom a batch was dropped here: their next batch would show the gap, but it may be long in coming. */
    final Set<NodeId> missed = ConcurrentHashMap.newKeySet();
    final AtomicLong refusedSubmissions = new AtomicLong();
    final AtomicLong droppedFeedback = new AtomicLong();
    private final AtomicReference<ClusterView> newView = new AtomicReference<>();
    private volatile boolean closed;

    AdmissionInbox(final AdmissionConfig.Queues queues) {
        this.submissions = new ArrayBlockingQueue<>(queues.submissionsMax());
        this.feedback = new ArrayBlockingQueue<>(queues.feedbackMax());
    }

    /** @return whether the agent will look at it; if not, nobody else will */
    boolean submit(final Flight flight) {
        if (closed || !submissions.offer(flight)) {
            refusedSubmissions.incrementAndGet();
            return false;
        }
        // Closed in between: either the agent's last look took it, or it is still there and is ours again.
        return !closed || !submissions.remove(flight);
    }

    void onKvEvents(final Feedback.KvEvents events) {
        if (!feedback.offer(events)) {
            droppedFeedback.incrementAndGet();
            missed.add(events.batch().source());
        }
    }

    void onLoad(final Feedback.Load load) {
        if (!feedback.offer(load)) {
            droppedFeedback.incrementAndGet();
        }
    }

    void onView(final ClusterView view) {
        newView.accumulateAndGet(view, (known, offered) ->
            known == null || offered.appliedIndex() >= known.appliedIndex() ? offered : known);
    }

    /** @return the newest view since the last call; null when there is none */
    ClusterView takeView() {
        return newView.get() == null ? null : newView.getAndSet(null);
    }

    void close() {
        closed = true;
    }

    boolean closed() {
        return closed;
    }
}
