package io.spillway.gateway.identity;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.id.RunId;
import io.spillway.domain.request.AgentStep;
import io.spillway.domain.request.RunTerms;
import io.spillway.gateway.chat.ChatRequest;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * What a client said of the agent that asks.
 *
 * @param run                 the agent run, if the client names one
 * @param agent               session, agent and the step gone on from; the step itself gets its name later
 * @param priority            of a header of ours; empty = the body's, or the usual
 * @param deadlineEpochMillis when the run must be over; empty = never
 * @param terms               what the run may take
 * @param retries             how often the client has sent this request before, by its own count
 */
public record AgentIdentity(
    Optional<RunId> run, AgentStep agent, OptionalInt priority, OptionalLong deadlineEpochMillis, RunTerms terms, int retries) {
    /** Nobody said anything. */
    public static final AgentIdentity NONE =
        new AgentIdentity(Optional.empty(), AgentStep.NONE, OptionalInt.empty(), OptionalLong.empty(), RunTerms.NONE, 0);

    public AgentIdentity {
        requireNonNull(run, "run");
        requireNonNull(agent, "agent");
        requireNonNull(priority, "priority");
        requireNonNull(deadlineEpochMillis, "deadlineEpochMillis");
        requireNonNull(terms, "terms");
    }

    /** @return what a request carries of it, besides the run */
    public ChatRequest.Context context() {
        return new ChatRequest.Context(agent, deadlineEpochMillis, retries, "").under(terms);
    }

    /** @return the options of a request that this agent makes */
    public ChatRequest.Options applied(final ChatRequest.Options options) {
        return options.with(options.bestOf(), priority.orElse(options.priority()))
            .in(context().predicting(options.context().prediction()).retaining(options.context().retention()));
    }
}
