package io.spillway.gateway.batch;

import io.spillway.coordinator.batch.BatchChange;
import io.spillway.coordinator.batch.BatchFiles;
import io.spillway.coordinator.batch.BatchJob;
import io.spillway.coordinator.batch.BatchProblem;
import io.spillway.coordinator.batch.BatchStatus;
import io.spillway.coordinator.batch.BatchTally;
import io.spillway.coordinator.state.Command.UsageEntry;
import io.spillway.coordinator.state.CommandResult;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.Unworded;
import io.spillway.domain.id.BatchId;
import io.spillway.domain.time.EpochClock;
import io.spillway.gateway.chat.RequestIds;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Works on one batch under one claim, from wherever those before have come to the end, or until it is stopped or somebody else
 * claims the batch. A result is first on the disk, then accounted for, and counts from then on. {@link #run} belongs to one thread;
 * {@link #stop} may come from any.
 */
final class BatchRun {
    private static final Logger LOG = LoggerFactory.getLogger(BatchRun.class);
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    /** Results that go to the disk and the log together. */
    private static final int GROUP_MAX = 256;
    private static final int GROUP_BYTES_MAX = 16 << 20;

    private final Parts parts;
    private final BatchId id;
    private final long epoch;
    private volatile boolean stopped;
    private volatile LineWork work;
    private Segment segment;
    private BitSet done;
    private boolean givenUp;
    /** Records of this claim that are accounted for. */
    private int recorded;

    /**
     * What runs of batches share.
     *
     * @param models whether a model is known
     */
    record Parts(
        BatchLog log, Workplace place, LineCaller caller, Predicate<String> models, BatchLimits limits,
        RequestIds ids, EpochClock clock) {
    }

    /** The claim has passed on, or the run was stopped: what is there stays for whoever comes next. */
    private static final class Abandoned extends RuntimeException {
        private static final long serialVersionUID = 1;

        private Abandoned(final String why) {
            super(why, null, false, false);
        }
    }

    /** @param job as it was claimed */
    BatchRun(final Parts parts, final BatchJob job) {
        this.parts = parts;
        this.id = job.id();
        this.epoch = job.work().epoch();
    }

    BatchId id() {
        return id;
    }

    /** Leaves the batch to others. Idempotent; does not block. */
    void stop() {
        stopped = true;
        final LineWork now = work;
        if (now != null) {
            now.stop();
        }
    }

    /** @return whether the batch has ended, or is another's; if not, it should be claimed again later */
    boolean run() {
        try {
            workOn(job());
            return true;
        } catch (final Abandoned e) {
            LOG.info("{} is left to others: {}", id, e.getMessage());
            return true;
        } catch (final IOException | RuntimeException e) {
            LOG.error("{} cannot be worked on now", id, Unworded.of(e));
            return false;
        } finally {
            stop();
            close();
        }
    }

    private void close() {
        try {
            if (segment != null) {
                segment.close();
            }
        } catch (final IOException e) {
            LOG.warn("a segment of {} did not close", id, e);
        }
    }

    private void workOn(final BatchJob claimed) throws IOException {
        final Recovered recovered = Recovered.of(parts.place(), claimed);
        if (!recovered.whole()) {
            reject(new BatchProblem("results_lost", "Results that were there are gone from the shared directory.", "", 0));
            return;
        }
        if (claimed.status() == BatchStatus.CANCELLING && claimed.lines() == 0) {
            finish(BatchStatus.CANCELLED);
            return;
        }
        done = recovered.accounted();
        givenUp = recovered.givenUp();
        try (InputFile input = InputFile.open(parts.place().input(id), parts.limits().linesMax())) {
            if (claimed.status() == BatchStatus.VALIDATING && !check(claimed, input)) {
                return;
            }
            segment = Segment.create(parts.place().segment(id, epoch));
            record(recovered.salvage());
            workOff(input);
        } catch (final java.nio.file.NoSuchFileException e) {
            reject(new BatchProblem("input_lost", "The input file is gone from the shared directory.", "", 0));
        }
    }

    private boolean check(final BatchJob job, final InputFile input) throws IOException {
        final InputCheck check = InputCheck.of(
            input, job.order().endpoint(), parts.limits(), parts.models(), () -> stopped);
        if (stopped) {
            throw new Abandoned("stopped");
        }
        if (!check.problems().isEmpty()) {
            reject(check.problems().toArray(new BatchProblem[0]));
            return false;
        }
        return take(new BatchChange.Begin(id, epoch, input.lines(), check.model()), List.of()) || cancelledEarly();
    }

    /** It was cancelled while it was checked. @return false: there is nothing to work off */
    private boolean cancelledEarly() throws IOException {
        finish(BatchStatus.CANCELLED);
        return false;
    }

    private void workOff(final InputFile input) throws IOException {
        final BatchJob begun = job();
        work = new LineWork(parts.caller(), new LineCaller.Batch(id, begun.order().tenant(), begun.order().endpoint()), input,
            parts.limits(), parts.ids());
        final BitSet started = (BitSet) done.clone();
        int next = started.nextClearBit(0);
        while (done.cardinality() < input.lines() && !closing(job())) {
            if (stopped) {
                throw new Abandoned("stopped");
            }
            while (next < input.lines() && work.underWay() < parts.limits().linesAtOnce()) {
                work.start(next);
                started.set(next);
                next = started.nextClearBit(next);
            }
            for (final int failed : gather()) {
                started.clear(failed);
                next = Math.min(next, failed);
            }
        }
        if (done.cardinality() < input.lines()) {
            giveUpRest(input.lines(), job());
            givenUp = true;
        }
        finish(ending());
    }

    private boolean closing(final BatchJob job) {
        return job.status() == BatchStatus.CANCELLING || parts.clock().epochMillis() >= job.times().expiresMillis();
    }

    /** Takes what has come, and accounts for it. @return lines that came back without a result */
    private List<Integer> gather() throws IOException {
        final List<LineResult> results = new ArrayList<>();
        final List<Integer> without = new ArrayList<>();
        Optional<LineWork.Ended> next = work.poll(POLL_NANOS);
        int bytes = 0;
        while (next.isPresent()) {
            final int line = next.get().line();
            next.get().result().ifPresentOrElse(results::add, () -> without.add(line));
            bytes += next.get().result().map(result -> result.text().length).orElse(0);
            next = results.size() < GROUP_MAX && bytes < GROUP_BYTES_MAX ? work.poll(0) : Optional.empty();
        }
        record(results);
        return without;
    }

    private void giveUpRest(final int lines, final BatchJob job) throws IOException {
        work.stop();
        while (work.underWay() > 0) {
            gather();
        }
        final boolean cancelled = job.status() == BatchStatus.CANCELLING;
        final String code = cancelled ? "batch_cancelled" : "batch_expired";
        final String message = cancelled ? "This request was not executed because the batch was cancelled."
            : "This request could not be executed before the completion window expired.";
        final List<LineResult> group = new ArrayList<>();
        for (int line = done.nextClearBit(0); line < lines; line = done.nextClearBit(line + 1)) {
            group.add(work.givenUp(line, code, message));
            if (group.size() == GROUP_MAX) {
                record(group);
                group.clear();
            }
        }
        record(group);
    }

    /** On the disk, then in the log. */
    private void record(final List<LineResult> results) throws IOException {
        for (int from = 0; from < results.size(); from += GROUP_MAX) {
            final List<LineResult> group = results.subList(from, Math.min(results.size(), from + GROUP_MAX));
            segment.append(group);
            final BatchJob job = job();
            final List<UsageEntry> charges = group.stream().filter(result -> !result.consumed().free())
                .map(result -> charge(job, result.consumed())).toList();
            if (!take(new BatchChange.Account(id, epoch, recorded, tally(group)), charges)) {
                throw new Abandoned("its results were not taken");
            }
            recorded += group.size();
            group.forEach(result -> done.set(result.line()));
        }
    }

    private static UsageEntry charge(final BatchJob job, final LineResult.Consumed consumed) {
        return new UsageEntry(job.order().tenant(), job.id().value(), job.model(), consumed.promptTokens(),
            consumed.cachedTokens(), consumed.outputTokens(), consumed.costNanoDollars());
    }

    private static BatchTally tally(final List<LineResult> group) {
        BatchTally tally = BatchTally.ZERO;
        for (final LineResult result : group) {
            final LineResult.Consumed consumed = result.consumed();
            tally = tally.plus(new BatchTally(result.isError() ? 0 : 1, result.isError() ? 1 : 0, consumed.promptTokens(),
                consumed.cachedTokens(), consumed.outputTokens(), consumed.reasoningTokens()));
        }
        return tally;
    }

    /** @return how it ends, now that every line is accounted for */
    private BatchStatus ending() {
        final BatchJob job = job();
        if (job.status() == BatchStatus.CANCELLING) {
            return BatchStatus.CANCELLED;
        }
        if (job.status() == BatchStatus.FINALIZING) {
            return BatchStatus.COMPLETED;
        }
        if (givenUp) {
            return BatchStatus.EXPIRED;
        }
        return take(new BatchChange.Close(id, epoch), List.of()) ? BatchStatus.COMPLETED : BatchStatus.CANCELLED;
    }

    private void finish(final BatchStatus end) throws IOException {
        final BatchFiles files = Assembly.of(parts.place(), job());
        if (!take(new BatchChange.Finish(id, epoch, end, files), List.of())) {
            throw new Abandoned("its end was not taken");
        }
        parts.place().clear(id);
    }

    private void reject(final BatchProblem... problems) throws IOException {
        if (take(new BatchChange.Reject(id, epoch, List.of(problems)), List.of())) {
            parts.place().clear(id);
        }
    }

    /** @return whether the step was taken; false when the batch is in another state than was thought */
    private boolean take(final BatchChange change, final List<UsageEntry> charges) {
        final CommandResult result = parts.log().insist(change, charges, () -> stopped)
            .orElseThrow(() -> new Abandoned("stopped"));
        if (result instanceof CommandResult.Refused(ErrorCode code, String detail)) {
            if (code == ErrorCode.WRONG_STATE) {
                return false;
            }
            throw new Abandoned(detail);
        }
        return true;
    }

    /** @return the batch as it is now, if it is still this run's */
    private BatchJob job() {
        final BatchJob job = parts.log().job(id).orElseThrow(() -> new Abandoned("nobody knows it any more"));
        if (job.work().epoch() != epoch) {
            throw new Abandoned("it was claimed by " + job.work().owner());
        }
        return job;
    }
}
