package io.spillway.coordinator.batch;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.id.BatchId;
import java.util.List;

/**
 * A batch at one moment. Immutable; any thread.
 *
 * @param model    model of its lines; "" until the input was checked
 * @param lines    requests in its input; 0 until it was checked
 * @param tally    what the accounted lines came to; {@code tally.lines() == work.accounted()}, always
 * @param problems why it failed; empty unless it did
 */
public record BatchJob(
    BatchId id, BatchOrder order, BatchStatus status, BatchTimes times, String model, int lines, BatchTally tally,
    BatchWork work, BatchFiles files, List<BatchProblem> problems) {
    /** Most characters of a model's name. */
    static final int MODEL_CHARS_MAX = 200;

    public BatchJob {
        requireNonNull(id, "id");
        requireNonNull(order, "order");
        requireNonNull(status, "status");
        requireNonNull(times, "times");
        requireNonNull(model, "model");
        requireNonNull(tally, "tally");
        requireNonNull(work, "work");
        requireNonNull(files, "files");
        problems = List.copyOf(problems);
    }

    static BatchJob created(final BatchId id, final BatchOrder order, final long nowMillis) {
        return new BatchJob(id, order, BatchStatus.VALIDATING, BatchTimes.created(nowMillis, order.windowMillis()), "", 0,
            BatchTally.ZERO, BatchWork.NONE, BatchFiles.NONE, List.of());
    }

    /** @return whether all lines are accounted for */
    public boolean complete() {
        return work.accounted() == lines;
    }

    BatchJob in(final BatchStatus newStatus, final BatchTimes newTimes) {
        return new BatchJob(id, order, newStatus, newTimes, model, lines, tally, work, files, problems);
    }

    BatchJob checked(final String newModel, final int newLines) {
        return new BatchJob(id, order, status, times, newModel, newLines, tally, work, files, problems);
    }

    BatchJob worked(final BatchTally newTally, final BatchWork newWork) {
        return new BatchJob(id, order, status, times, model, lines, newTally, newWork, files, problems);
    }

    BatchJob with(final BatchFiles newFiles, final List<BatchProblem> newProblems) {
        return new BatchJob(id, order, status, times, model, lines, tally, work, newFiles, newProblems);
    }
}
