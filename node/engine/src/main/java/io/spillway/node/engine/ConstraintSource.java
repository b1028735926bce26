package io.spillway.node.engine;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.node.sampling.TokenConstraint;

/**
 * Knows which tokens the output of a request may consist of. Called by the threads that submit, several at a time; may take its time.
 */
@FunctionalInterface
public interface ConstraintSource {
    /** Every output may be anything. */
    ConstraintSource NONE = request -> null;

    /**
     * @return a constraint at the beginning of the request's output, handed over; null: none
     * @throws SpillwayException when what the request asks for cannot be had
     */
    TokenConstraint constraintOf(GenerationRequest request);

    /** @return the request's constraint behind what is emitted already; null: none */
    default TokenConstraint continued(final GenerationRequest request) {
        final TokenConstraint constraint = constraintOf(request);
        for (int i = 0; constraint != null && i < request.emittedTokens().length; i++) {
            if (!constraint.advance(request.emittedTokens()[i])) {
                throw new SpillwayException(ErrorCode.INVALID_VALUE,
                    "the output to be continued breaks its own constraint at token " + i);
            }
        }
        return constraint;
    }
}
