package io.spillway.domain.request;

/**
 * What a program says of its agent run with each request: how much the run may take in all, and when it will be back.
 *
 * @param budgetNanoDollars no step begins once the run has cost so much; 0 = no limit
 * @param stepsMax          no step begins once the run has taken so many; 0 = no limit
 * @param gapMillis         expected time from this answer to the run's next request, tools included; -1 = not said
 */
public record RunTerms(long budgetNanoDollars, int stepsMax, long gapMillis) {
    /** Nothing is said. */
    public static final RunTerms NONE = new RunTerms(0, 0, -1);

    public RunTerms {
        if (budgetNanoDollars < 0 || stepsMax < 0 || gapMillis < -1) {
            throw new IllegalArgumentException("terms must not be negative: " + budgetNanoDollars + ", " + stepsMax + ", " + gapMillis);
        }
    }
}
