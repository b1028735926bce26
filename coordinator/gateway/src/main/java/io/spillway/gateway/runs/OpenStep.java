package io.spillway.gateway.runs;

import io.spillway.domain.id.RunId;
import java.util.List;
import java.util.Optional;

/** A step that has begun, to be ended once. Any thread. */
public final class OpenStep {
    private final AgentRuns runs;
    private final AgentRuns.RunKey key;
    private final RunStep step;
    private final Optional<AgentRuns.PromptTokens> prompt;
    private final boolean joined;
    private final AgentRuns.Ledger before;

    OpenStep(
        final AgentRuns runs, final AgentRuns.RunKey key, final RunStep step, final Optional<AgentRuns.PromptTokens> prompt,
        final boolean joined, final AgentRuns.Ledger before) {
        this.runs = runs;
        this.key = key;
        this.step = step;
        this.prompt = prompt;
        this.joined = joined;
        this.before = before;
    }

    AgentRuns.RunKey key() {
        return key;
    }

    Optional<AgentRuns.PromptTokens> prompt() {
        return prompt;
    }

    /** @return the run it belongs to: named by the client, found, or new */
    public RunId run() {
        return key.run();
    }

    /** @return the run to be charged: a single request that nobody named belongs to none yet */
    public Optional<RunId> chargedRun() {
        return joined ? Optional.of(key.run()) : Optional.empty();
    }

    /** @return the step as it began */
    public RunStep step() {
        return step;
    }

    /** @return the run's sums before this step, as this replica knows them */
    public AgentRuns.Ledger before() {
        return before;
    }

    /** @param outputs the tokens of each choice: what the next step may go on from */
    public void end(final RunStep.Consumed consumed, final List<int[]> outputs) {
        runs.end(this, consumed, outputs);
    }
}
