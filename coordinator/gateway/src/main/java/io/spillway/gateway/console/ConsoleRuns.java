package io.spillway.gateway.console;

import io.spillway.coordinator.state.ClusterView;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.RunId;
import io.spillway.domain.id.TenantId;
import io.spillway.gateway.runs.AgentRuns;
import io.spillway.gateway.runs.RunStep;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;

/** Runs of all tenants as the console shows them: those that this replica has heard of lately. Any thread. */
public final class ConsoleRuns {
    /** Runs listed. */
    static final int RUNS_MAX = 200;

    private final AgentRuns runs;
    private final Supplier<ClusterView> view;

    /**
     * A run in the list.
     *
     * @param steps       that it has had, those too that are no longer listed
     * @param openSteps   steps that have not ended
     * @param charged     by the log, for the whole cluster; null when nothing is yet
     */
    record Run(
        String id, String tenant, long steps, int openSteps, long beganMillis, long heardMillis, long promptTokens, long cachedTokens,
        long outputTokens, long costNanoDollars, Charged charged) {
    }

    /** What the log has settled for a run. */
    record Charged(long requests, long promptTokens, long cachedTokens, long outputTokens, long costNanoDollars) {
    }

    /**
     * A step in the timeline. Times are in milliseconds; -1 = none.
     *
     * @param gapMillis   from the end of the step before to its beginning
     * @param promisedGapMillis what the client said that the gap behind it would be
     * @param state       {@code running}, {@code finished} or an error code in lower case
     * @param queueMillis from its beginning to when a node began on it
     * @param ttftMillis  from its beginning to its first token
     */
    record Step(
        String id, String parent, String agent, String model, int number, long beganMillis, long gapMillis, long promisedGapMillis,
        int retries, String state,
        int promptTokens, int cachedTokens, int outputTokens, long costNanoDollars, long durationMillis, long queueMillis,
        long ttftMillis) {
    }

    /** One run with its latest steps, the oldest first. */
    record Timeline(Run run, List<Step> steps) {
    }

    public ConsoleRuns(final AgentRuns runs, final Supplier<ClusterView> view) {
        this.runs = runs;
        this.view = view;
    }

    /** @return the runs heard of last, the latest first */
    List<Run> recent() {
        return runs.recent(RUNS_MAX).stream().map(this::run).toList();
    }

    /**
     * @param tenant whose run; needed only where several tenants have one of that name
     * @throws SpillwayException {@code NOT_FOUND}, or {@code MISSING_FIELD} when the tenant is needed
     */
    Timeline timeline(final String id, final Optional<String> tenant) {
        final List<AgentRuns.Heard> named = runs.recent(Integer.MAX_VALUE).stream()
            .filter(run -> run.key().run().value().equals(id))
            .filter(run -> tenant.isEmpty() || run.key().tenant().value().equals(tenant.get())).toList();
        if (named.size() > 1) {
            throw SpillwayException.ofField(ErrorCode.MISSING_FIELD, "tenant", "Several tenants have a run with the id '" + id + "': name one");
        }
        final Optional<AgentRuns.Ledger> ledger = named.stream().findFirst().flatMap(run -> runs.ledger(run.key()));
        if (ledger.isEmpty()) {
            throw SpillwayException.ofField(ErrorCode.NOT_FOUND, "id", "No run with the id '" + id + "' is known here");
        }
        return new Timeline(run(named.getFirst()), ledger.get().steps().stream().map(ConsoleRuns::step).toList());
    }

    private Run run(final AgentRuns.Heard heard) {
        final AgentRuns.Ledger sums = heard.ledger();
        return new Run(heard.key().run().value(), heard.key().tenant().value(), sums.stepCount(), heard.openSteps(), heard.beganMillis(),
            heard.heardMillis(), sums.promptTokens(), sums.cachedTokens(), sums.outputTokens(), sums.costNanoDollars(),
            charged(heard.key().tenant(), heard.key().run()));
    }

    private Charged charged(final TenantId tenant, final RunId run) {
        final ClusterView.UsageTotals totals = view.get().runs().get(new ClusterView.RunKey(tenant, run.value()));
        return totals == null ? null : new Charged(totals.requests(), totals.promptTokens(), totals.cachedTokens(),
            totals.outputTokens(), totals.costNanoDollars());
    }

    private static Step step(final RunStep step) {
        final RunStep.Consumed what = step.consumed().orElse(
            new RunStep.Consumed(0, 0, 0, 0, -1, RunStep.Phases.NONE, Optional.empty()));
        final String ended = what.failure().map(code -> code.name().toLowerCase(Locale.ROOT)).orElse("finished");
        return new Step(step.id(), step.parent(), step.agent(), step.model(), step.number(), step.beganMillis(), step.gapMillis(),
            step.promisedGapMillis(), step.retries(), step.consumed().isPresent() ? ended : "running", what.promptTokens(), what.cachedTokens(),
            what.outputTokens(), what.costNanoDollars(), what.durationMillis(), what.phases().queueMillis(), what.phases().ttftMillis());
    }
}
