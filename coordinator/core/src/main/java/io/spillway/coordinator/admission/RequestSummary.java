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
 * @param ttftNanos     from submission to the first token; -1 when there is none
 * @param durationNanos from submission to the end, or to the time of the snapshot
 * @param failure       why it failed or was cancelled
 * @param placement     why it runs where it runs; "" when it was never placed
 */
public record RequestSummary(
    RequestId id, String run, AgentStep agent, ModelId model, String node, int attempts, Usage usage, long ttftNanos, long durationNanos,
    Flight.State state, Optional<ErrorCode> failure, String placement) {

    static RequestSummary of(final Flight flight, final long nowNanos) {
        return new RequestSummary(
            flight.request().id(), flight.request().run().map(RunId::value).orElse(""), flight.request().agent(),
            flight.request().model(),
            flight.attempt().map(Attempt::member).map(member -> member.id().value()).orElse(""), flight.attempts(),
            flight.usage(), flight.ttftNanos(), flight.durationNanos(nowNanos), flight.state(), flight.failure(),
            flight.placement());
    }
}
