package io.spillway.coordinator.dispatch;

import io.spillway.coordinator.placement.Placement.Placed;
import io.spillway.coordinator.state.ClusterView;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.request.FinishReason;
import io.spillway.domain.request.GenerationEvent;
import io.spillway.domain.request.GenerationEvent.Failed;
import io.spillway.domain.request.GenerationEvent.Finished;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Runs requests on nodes and makes one unbroken stream of however many attempts it takes.
 *
 * <pre>
 * WAITING --launch--> RUNNING --Finished, Failed for good, cancel--> ended (one terminal event)
 *    ^                   |
 *    +-- node lost ------+   (NODE_LOST and other failures of the node, member gone, silence, overflow)
 * </pre>
 *
 * <p>Single writer: the thread that calls {@link #doWork}; all methods belong to it.
 */
public final class Dispatcher {
    /** What a node may answer when it, and not the request, is the problem. CANCELLED: nobody here asked it to. */
    private static final Set<ErrorCode> ANOTHER_NODE_MAY = Set.of(
        ErrorCode.NODE_LOST, ErrorCode.DRAINING, ErrorCode.OVERLOADED, ErrorCode.STALE_EPOCH, ErrorCode.CANCELLED);

    private final DispatchConfig config;
    private final NodePort port;
    private final NodeInbox inbox;
    private final FlightOwner owner;
    private final Set<Flight> running = new LinkedHashSet<>();
    private long launched;
    private long failedOver;
    private long lateEvents;
    private long repeatedTokens;
    private long overflows;
    private long silences;
    private long listenerErrors;

    /**
     * A dispatcher without requests.
     *
     * @param port  sends requests to nodes
     * @param inbox where its attempts leave their events
     * @param owner hears what becomes of requests
     */
    public Dispatcher(final DispatchConfig config, final NodePort port, final NodeInbox inbox, final FlightOwner owner) {
        this.config = config;
        this.port = port;
        this.inbox = inbox;
        this.owner = owner;
    }

    /** Sends a waiting request to where it was placed. */
    public Attempt launch(final Flight flight, final Placed placed, final long nowNanos) {
        final MemberKey member = new MemberKey(placed.candidate().node().id(), placed.candidate().epoch());
        final Attempt attempt = new Attempt(flight, member, placed.estimate(), inbox, nowNanos);
        flight.onLaunch(attempt, placed.explanation());
        running.add(flight);
        launched++;
        try {
            attempt.onCall(port.generate(placed.candidate().node(), member.epoch(), flight.continued(), attempt));
        } catch (final RuntimeException e) {
            // A port that cannot even begin is a lost node; reported the way a port reports one.
            attempt.accept(new Failed(ErrorCode.NODE_LOST, "cannot reach " + member.id() + ": " + e));
        }
        return attempt;
    }

    /** Handles events that have arrived. @return how many */
    public int doWork(final long nowNanos) {
        int work = 0;
        for (NodeInbox.Arrival arrival; work < config.eventsPerCycle() && (arrival = inbox.poll()) != null; work++) {
            onEvent(arrival.attempt(), arrival.event(), nowNanos);
        }
        for (Attempt attempt; (attempt = inbox.pollOverflowed()) != null; work++) {
            overflows++;
            abandon(attempt.flight(), attempt, "its events overflowed", nowNanos);
        }
        return work;
    }

    /** Looks for attempts whose node has gone silent. */
    public void onTick(final long nowNanos) {
        for (final Flight flight : List.copyOf(running)) {
            final Optional<Attempt> attempt = flight.current();
            if (attempt.isPresent() && attempt.get().silent(config.silenceMaxNanos(), nowNanos)) {
                silences++;
                abandon(flight, attempt.get(), "it was silent for too long", nowNanos);
            }
        }
    }

    /** Moves requests away from members that are gone, or that have started anew. */
    public void onView(final ClusterView view, final long nowNanos) {
        for (final Flight flight : List.copyOf(running)) {
            flight.current().ifPresent(attempt -> {
                final ClusterView.Member member = view.members().get(attempt.member().id());
                if (member == null || member.epoch() != attempt.member().epoch()) {
                    abandon(flight, attempt, "it left the cluster", nowNanos);
                }
            });
        }
    }

    /** Ends a request, wherever it is, unless it has ended. */
    public void end(final Flight flight, final GenerationEvent terminal, final long nowNanos) {
        if (flight.state().ended()) {
            return;
        }
        release(flight);
        flight.onEnd(terminal, nowNanos);
        if (flight.listening() && !flight.deliver(terminal)) {
            listenerErrors++;
        }
        owner.onEnded(flight);
    }

    /** Ends a request and tells its node to stop. */
    public void stop(final Flight flight, final Failed failure, final long nowNanos) {
        flight.current().ifPresent(Attempt::cancel);
        end(flight, failure, nowNanos);
    }

    /** @return requests on nodes, in the order they were sent there */
    public List<Flight> running() {
        return List.copyOf(running);
    }

    /** @return how many requests are on nodes */
    public int runningCount() {
        return running.size();
    }

    /** @return counters since start */
    public DispatchCounts counts() {
        return new DispatchCounts(
            launched, failedOver, lateEvents, repeatedTokens, overflows, silences, listenerErrors);
    }

    private void onEvent(final Attempt attempt, final GenerationEvent event, final long nowNanos) {
        final Flight flight = attempt.flight();
        if (!flight.isCurrent(attempt)) {
            lateEvents++;
            return;
        }
        attempt.onEvent(nowNanos);
        switch (event) {
            case GenerationEvent.Started started -> {
                attempt.onSources(started.sources());
                if (flight.onSources(started.sources(), nowNanos)) {
                    deliver(flight, started, nowNanos);
                }
            }
            case GenerationEvent.TokenDelta delta -> onDelta(flight, delta, nowNanos);
            case GenerationEvent.Embedded embedded -> deliver(flight, embedded, nowNanos);
            case Finished finished -> {
                attempt.onSources(finished.usage().sources());
                onFinished(flight, finished, nowNanos);
            }
            case Failed failed -> onFailed(flight, attempt, failed, nowNanos);
        }
    }

    private void onDelta(final Flight flight, final GenerationEvent.TokenDelta delta, final long nowNanos) {
        switch (flight.onDelta(delta, nowNanos)) {
            case DeliveredOutput.Step.News(GenerationEvent.TokenDelta news) -> deliver(flight, news, nowNanos);
            case DeliveredOutput.Step.Repeat() -> repeatedTokens++;
            case DeliveredOutput.Step.Broken(String detail) ->
                stop(flight, new Failed(ErrorCode.INTERNAL, detail), nowNanos);
        }
    }

    private void onFinished(final Flight flight, final Finished finished, final long nowNanos) {
        final int counted = finished.usage().outputTokens();
        flight.onSources(finished.usage().sources(), nowNanos);
        if (counted > flight.outputTokens()) {
            end(flight, new Failed(ErrorCode.INTERNAL, "the node counted " + counted + " output tokens, "
                + flight.outputTokens() + " came"), nowNanos);
        } else {
            end(flight, new Finished(finished.reason(), flight.usage()), nowNanos);
        }
    }

    private void onFailed(final Flight flight, final Attempt attempt, final Failed failed, final long nowNanos) {
        if (ANOTHER_NODE_MAY.contains(failed.code())) {
            lose(flight, attempt, failed, nowNanos);
        } else {
            end(flight, failed, nowNanos);
        }
    }

    private void abandon(final Flight flight, final Attempt attempt, final String why, final long nowNanos) {
        if (flight.isCurrent(attempt)) {
            attempt.cancel();
            final String detail = "node " + attempt.member().id() + " was lost: " + why;
            lose(flight, attempt, new Failed(ErrorCode.NODE_LOST, detail), nowNanos);
        }
    }

    private void lose(final Flight flight, final Attempt attempt, final Failed cause, final long nowNanos) {
        if (flight.outputFull()) {
            // Only the word that it was the last token is missing.
            end(flight, new Finished(FinishReason.LENGTH, flight.usage()), nowNanos);
        } else if (flight.attempts() >= config.attemptsMax()) {
            final ErrorCode code = cause.code() == ErrorCode.OVERLOADED ? ErrorCode.OVERLOADED : ErrorCode.NODE_LOST;
            end(flight, new Failed(code, "gave up after " + flight.attempts() + " nodes; the last: " + cause.detail()), nowNanos);
        } else {
            release(flight);
            flight.onWaiting(nowNanos);
            failedOver++;
            owner.onWaiting(flight, attempt.member());
        }
    }

    private void deliver(final Flight flight, final GenerationEvent event, final long nowNanos) {
        if (!flight.deliver(event)) {
            listenerErrors++;
            stop(flight, new Failed(ErrorCode.INTERNAL, "the request's listener failed"), nowNanos);
        }
    }

    private void release(final Flight flight) {
        if (running.remove(flight)) {
            flight.current().ifPresent(owner::onReleased);
        }
    }
}
