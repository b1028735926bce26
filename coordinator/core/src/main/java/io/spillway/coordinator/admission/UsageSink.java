package io.spillway.coordinator.admission;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.domain.request.Usage;
import java.util.Optional;

/** Who charges for requests. Called on the agent's thread, once per request that a node began on; must not block or throw. */
@FunctionalInterface
public interface UsageSink {
    /** Takes the usage of a request that has ended. */
    void onEnded(Consumption consumption);

    /**
     * What a request consumed.
     *
     * @param ttftNanos     from submission to the first token; -1 when none came
     * @param durationNanos from submission to the end
     * @param failure       why it failed or was cancelled; empty when it finished
     */
    record Consumption(
        GenerationRequest request, Usage usage, long ttftNanos, long durationNanos, Optional<ErrorCode> failure) {
        public Consumption {
            requireNonNull(request, "request");
            requireNonNull(usage, "usage");
            requireNonNull(failure, "failure");
        }
    }
}
