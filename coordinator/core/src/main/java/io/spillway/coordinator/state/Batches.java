package io.spillway.coordinator.state;

import io.spillway.coordinator.batch.BatchChange;
import io.spillway.coordinator.batch.BatchJob;
import io.spillway.coordinator.batch.BatchSteps;
import io.spillway.coordinator.state.CommandResult.Refused;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.id.BatchId;
import io.spillway.domain.id.TenantId;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;

/** Batch jobs, and which directory their files are in. One writer: the thread that applies the log. */
final class Batches {
    static final int DIRECTORY_CHARS_MAX = 100;

    private final StateLimits limits;
    private final TreeMap<BatchId, BatchJob> jobs = new TreeMap<>();
    private String directory = "";
    private FrozenMap<BatchId, BatchJob> frozen = FrozenMap.empty();
    private boolean changed;

    Batches(final StateLimits limits) {
        this.limits = limits;
    }

    void restore(final StateImage image) {
        directory = image.batches().directory();
        image.batches().jobs().forEach(job -> jobs.put(job.id(), job));
        changed = true;
    }

    /** @return the mark of the directory that all replicas share; "" = none yet */
    String directory() {
        return directory;
    }

    /** @return the jobs now; the same object until one changes */
    FrozenMap<BatchId, BatchJob> frozen() {
        if (changed) {
            frozen = FrozenMap.of(jobs);
            changed = false;
        }
        return frozen;
    }

    StateImage.Batches image() {
        return new StateImage.Batches(directory, List.copyOf(frozen().values()));
    }

    /** The first mark counts: who brings another one sees another directory. */
    CommandResult adopt(final Command.AdoptFiles command) {
        if (command.directory().isEmpty() || command.directory().length() > DIRECTORY_CHARS_MAX) {
            return new Refused(ErrorCode.INVALID_VALUE,
                "the mark of a directory has 1 to " + DIRECTORY_CHARS_MAX + " characters");
        }
        if (directory.isEmpty()) {
            directory = command.directory();
        }
        return directory.equals(command.directory()) ? new CommandResult.Done() : new Refused(ErrorCode.IDENTITY_MISMATCH,
            "the cluster's files are in the directory marked " + directory + ", not in the one marked " + command.directory());
    }

    /** @return the batch after the change; nothing is kept of it before {@link #keep} */
    BatchSteps.Outcome tryChange(
        final BatchChange change, final long epochMillis, final Predicate<TenantId> tenantExists) {
        final BatchJob job = jobs.get(change.id());
        if (job != null) {
            return BatchSteps.take(job, change, epochMillis);
        }
        if (!(change instanceof BatchChange.Create create)) {
            return new BatchSteps.Refused(ErrorCode.NOT_FOUND, "No such batch: " + change.id());
        }
        final TenantId tenant = create.order().tenant();
        if (!tenantExists.test(tenant)) {
            return new BatchSteps.Refused(ErrorCode.NOT_FOUND, "no tenant is called " + tenant);
        }
        final long active = jobs.values().stream()
            .filter(other -> other.order().tenant().equals(tenant) && !other.status().ended()).count();
        if (active >= limits.batchesActive()) {
            return new BatchSteps.Refused(ErrorCode.RATE_LIMIT_EXCEEDED,
                active + " batches of yours have not ended, the most there may be");
        }
        if (jobs.size() >= limits.batches() && oldestEnded().isEmpty()) {
            return new BatchSteps.Refused(ErrorCode.OVERLOADED, "the cluster has " + limits.batches()
                + " batches that have not ended, the most it may have");
        }
        return BatchSteps.create(create, epochMillis);
    }

    void keep(final BatchJob job) {
        if (!jobs.containsKey(job.id()) && jobs.size() >= limits.batches()) {
            oldestEnded().ifPresent(oldest -> jobs.remove(oldest.id()));
        }
        jobs.put(job.id(), job);
        changed = true;
    }

    private Optional<BatchJob> oldestEnded() {
        return jobs.values().stream().filter(job -> job.status().ended())
            .min(Comparator.comparingLong((BatchJob job) -> job.times().endedMillis()).thenComparing(BatchJob::id));
    }
}
