package io.spillway.coordinator.placement;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.error.ErrorCode;

/** Where a request goes, or why it can go nowhere now. */
public sealed interface Placement {
    /**
     * It goes to {@code candidate}.
     *
     * @param explanation one line for people, in numbers
     */
    record Placed(Candidate candidate, Estimate estimate, String explanation) implements Placement {
        public Placed {
            requireNonNull(candidate, "candidate");
            requireNonNull(estimate, "estimate");
            requireNonNull(explanation, "explanation");
        }
    }

    /**
     * No candidate may take it.
     *
     * @param code {@code CONTEXT_LENGTH_EXCEEDED}: it fits into no node and will not later; {@code NO_NODE}: nobody serves the
     *             model; {@code OVERLOADED}: all have reached their limit; {@code NODE_LOST}: all have just failed it
     */
    record Rejected(ErrorCode code, String detail) implements Placement {
        public Rejected {
            requireNonNull(code, "code");
            requireNonNull(detail, "detail");
        }
    }
}
