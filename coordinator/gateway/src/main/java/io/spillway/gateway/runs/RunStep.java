package io.spillway.gateway.runs;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.error.ErrorCode;
import java.util.Optional;

/**
 * One step of a run, as it began and, once it has, as it ended. Immutable.
 *
 * @param id           its request's id
 * @param parent       the step it goes on from; "" = none, or not known
 * @param agent        agent within the run; "" = the main one
 * @param number       how many steps the run had seen with it, from 1
 * @param beganMillis  since 1970
 * @param gapMillis    from the end of the step before to its beginning: the time that tools took; -1 when there is none
 * @param promisedGapMillis what the client expected the time from this step's end to the next step to be; -1 = nothing
 * @param retries      how often the client had sent it before
 * @param consumed     empty while it runs
 */
public record RunStep(
    String id, String parent, String agent, String model, int number, long beganMillis, long gapMillis, long promisedGapMillis,
    int retries, Optional<Consumed> consumed) {

    public RunStep {
        requireNonNull(consumed, "consumed");
    }

    /**
     * When a step got how far, from its beginning on.
     *
     * @param queueMillis when a node began on it; -1 when none did. Before that: tokenizing, waiting for a node, waiting in its queue
     * @param ttftMillis  when its first token came; -1 when none did
     */
    public record Phases(long queueMillis, long ttftMillis) {
        /** Nothing came. */
        public static final Phases NONE = new Phases(-1, -1);
    }

    /**
     * What a step took.
     *
     * @param failure why it failed or was cancelled; empty when it is complete
     */
    public record Consumed(
        int promptTokens, int cachedTokens, int outputTokens, long costNanoDollars, long durationMillis, Phases phases,
        Optional<ErrorCode> failure) {
        public Consumed {
            requireNonNull(phases, "phases");
            requireNonNull(failure, "failure");
        }
    }

    RunStep ended(final Consumed what) {
        return new RunStep(id, parent, agent, model, number, beganMillis, gapMillis, promisedGapMillis, retries, Optional.of(what));
    }
}
