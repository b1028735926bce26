package io.spillway.gateway.chat;

import io.spillway.coordinator.state.ClusterView;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.request.RunTerms;
import io.spillway.gateway.runs.OpenStep;
import java.math.BigDecimal;
import java.util.Optional;

/**
 * Holds a step to what its run may take in all. A run's past is the log's word or what this replica has seen, whichever is more: the log
 * learns of a step a little after its end, and of what other replicas served. Stateless; any thread.
 */
final class RunBounds {
    private static final int NANO_DIGITS = 9;

    private RunBounds() {
    }

    /**
     * @param charged what the log says of the run; empty = nothing yet
     * @throws SpillwayException {@code QUOTA_EXCEEDED} naming the limit
     */
    static void check(final RunTerms terms, final OpenStep step, final Optional<ClusterView.UsageTotals> charged) {
        final long spent = Math.max(step.before().costNanoDollars(), charged.map(ClusterView.UsageTotals::costNanoDollars).orElse(0L));
        if (terms.budgetNanoDollars() > 0 && spent >= terms.budgetNanoDollars()) {
            throw SpillwayException.ofField(ErrorCode.QUOTA_EXCEEDED, "x-run-budget", "The run " + step.run() + " has cost $" + dollars(spent)
                + ", its budget is $" + dollars(terms.budgetNanoDollars()) + ".");
        }
        final long taken = Math.max(step.before().stepCount() - 1, charged.map(ClusterView.UsageTotals::requests).orElse(0L));
        if (terms.stepsMax() > 0 && taken >= terms.stepsMax()) {
            throw SpillwayException.ofField(ErrorCode.QUOTA_EXCEEDED, "x-run-steps", "The run " + step.run() + " has taken " + taken
                + " steps, it may take " + terms.stepsMax() + ".");
        }
    }

    private static String dollars(final long nanoDollars) {
        return BigDecimal.valueOf(nanoDollars, NANO_DIGITS).stripTrailingZeros().toPlainString();
    }
}
