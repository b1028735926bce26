package io.spillway.node.engine;

import io.spillway.domain.cluster.StepTotals;
import java.util.Arrays;

/** Running totals over steps. Single writer: the engine thread. */
final class StepTally {
    private final Tally tally;
    private final long[] stepsByDuration = new long[StepTotals.BUCKETS];
    private long sequences;
    private long decodeRows;
    private long guessedRows;
    private long acceptedRows;
    private long nanos;

    StepTally(final Tally tally) {
        this.tally = tally;
    }

    void ended(final StepInFlight step, final long durationNanos) {
        tally.steps++;
        tally.prefillTokens += step.prefillRows();
        sequences += step.count();
        decodeRows += step.decodeRows();
        guessedRows += step.guessedRows();
        nanos += durationNanos;
        stepsByDuration[StepTotals.bucketOf(durationNanos)]++;
    }

    void accepted(final int tokens) {
        acceptedRows += tokens;
    }

    StepTotals totals() {
        return new StepTotals(tally.steps, sequences, tally.prefillTokens, decodeRows, guessedRows, acceptedRows, nanos,
            Arrays.stream(stepsByDuration).boxed().toList());
    }
}
