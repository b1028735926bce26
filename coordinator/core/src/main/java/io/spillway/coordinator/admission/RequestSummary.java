package io.spillway.coordinator.admission;

import io.spillway.coordinator.dispatch.Attempt;
import io.spillway.coordinator.dispatch.Flight;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.RequestId;
import io.spillway.domain.id.RunId;
import io.spillway.domain.request.AgentStep;
import io.spillway.domain.request.Usage;
import java.util.Optional;

/**
 * A request as operators see it. Holds no prompt and no output.
 *
 * @param run           agent run it belongs to; "" = none
 * @param agent         which step of which agent it is
 * @param node          where it runs or ran last; "" when it was never placed
 * @param attempts      nodes it was sent to
 * @param times         how long what took
 * @param failure       why it failed or was cancelled
 * @param placement     why it runs where it runs; "" when it was never placed
 */
public record RequestSummary(
    RequestId id, String run, AgentStep agent, ModelId model, String node, int attempts, Usage usage, Times times,
    Flight.State state, Optional<ErrorCode> failure, String placement) {

    /**
     * How long what took, from the submission on.
     *
     * @param queueNanos    to when a node began on it, the first time; -1 while none has
     * @param ttftNanos     to the first token; -1 when there is none
     * @param itlNanos      mean time from one token to the next; -1 when there are fewer than two
     * @param durationNanos to the end, or to the time of the snapshot
     */
    public record Times(long queueNanos, long ttftNanos, long itlNanos, long durationNanos) {
    }

    static RequestSummary of(final Flight flight, final long nowNanos) {
        return new RequestSummary(
            flight.request().id(), flight.request().run().map(RunId::value).orElse(""), flight.request().agent(),
            flight.request().model(),
            flight.attempt().map(Attempt::member).map(member -> member.id().value()).orElse(""), flight.attempts(),
            flight.usage(),
            new Times(flight.queueNanos(), flight.ttftNanos(), flight.itlNanos(), flight.durationNanos(nowNanos)), flight.state(), flight.failure(),
            flight.placement());
    }
}
