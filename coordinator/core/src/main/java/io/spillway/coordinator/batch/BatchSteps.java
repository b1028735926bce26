package io.spillway.coordinator.batch;

import static io.spillway.coordinator.batch.BatchStatus.CANCELLED;
import static io.spillway.coordinator.batch.BatchStatus.CANCELLING;
import static io.spillway.coordinator.batch.BatchStatus.COMPLETED;
import static io.spillway.coordinator.batch.BatchStatus.EXPIRED;
import static io.spillway.coordinator.batch.BatchStatus.FAILED;
import static io.spillway.coordinator.batch.BatchStatus.FINALIZING;
import static io.spillway.coordinator.batch.BatchStatus.IN_PROGRESS;
import static io.spillway.coordinator.batch.BatchStatus.VALIDATING;

import io.spillway.domain.error.ErrorCode;

/**
 * The steps a batch can take.
 *
 * <pre>
 * VALIDATING --Begin--> IN_PROGRESS --Close--> FINALIZING --Finish--> COMPLETED
 *   |    |                  |    \___________Finish, when its time is over___> EXPIRED
 *   |    +----Cancel--------+-> CANCELLING --Finish--> CANCELLED
 *   +--Reject, from every state that has not ended--> FAILED
 * </pre>
 *
 * <p>It ends well only when every line is accounted for. Pure functions; any thread.
 */
public final class BatchSteps {
    private BatchSteps() {
    }

    /** What a step came to. */
    public sealed interface Outcome {
    }

    /** The batch, after it. */
    public record Changed(BatchJob job) implements Outcome {
    }

    /** The batch stays as it was. */
    public record Refused(ErrorCode code, String detail) implements Outcome {
    }

    /** @return the new batch, or why there is none */
    public static Outcome create(final BatchChange.Create create, final long nowMillis) {
        final String complaint = create.order().complaint();
        return complaint.isEmpty() ? new Changed(BatchJob.created(create.id(), create.order(), nowMillis))
            : new Refused(ErrorCode.INVALID_VALUE, complaint);
    }

    /**
     * Takes a step with a batch that exists.
     *
     * @param nowMillis the leader's time
     */
    public static Outcome take(final BatchJob job, final BatchChange change, final long nowMillis) {
        return switch (change) {
            case BatchChange.Create create -> new Refused(ErrorCode.ALREADY_EXISTS, create.id() + " exists already");
            case BatchChange.Cancel cancel -> cancel(job, cancel, nowMillis);
            case BatchChange.Claim claim -> claim(job, claim);
            case BatchChange.Begin begin -> owned(job, begin.epoch(), () -> begin(job, begin, nowMillis));
            case BatchChange.Reject reject -> owned(job, reject.epoch(), () -> new Changed(job.with(BatchFiles.NONE,
                reject.problems().subList(0, Math.min(BatchProblem.LISTED_MAX, reject.problems().size())))
                .in(FAILED, job.times().ended(nowMillis))));
            case BatchChange.Account account -> owned(job, account.epoch(), () -> account(job, account));
            case BatchChange.Close close -> owned(job, close.epoch(), () -> close(job, nowMillis));
            case BatchChange.Finish finish -> owned(job, finish.epoch(), () -> finish(job, finish, nowMillis));
        };
    }

    private static Outcome cancel(final BatchJob job, final BatchChange.Cancel cancel, final long nowMillis) {
        if (!job.order().tenant().equals(cancel.tenant())) {
            return new Refused(ErrorCode.NOT_FOUND, "No such batch: " + job.id());
        }
        return switch (job.status()) {
            case VALIDATING, IN_PROGRESS -> new Changed(job.in(CANCELLING, job.times().cancelling(nowMillis)));
            case CANCELLING, CANCELLED -> new Changed(job);
            case FINALIZING, COMPLETED, FAILED, EXPIRED -> new Refused(ErrorCode.WRONG_STATE,
                "Cannot cancel a batch with status '" + job.status().text() + "'.");
        };
    }

    private static Outcome claim(final BatchJob job, final BatchChange.Claim claim) {
        if (job.status().ended()) {
            return new Refused(ErrorCode.WRONG_STATE, job.id() + " has ended");
        }
        if (claim.owner().isEmpty() || claim.owner().length() > BatchChange.Claim.OWNER_CHARS_MAX) {
            return new Refused(ErrorCode.INVALID_VALUE,
                "owner must have 1 to " + BatchChange.Claim.OWNER_CHARS_MAX + " characters");
        }
        return new Changed(job.worked(job.tally(), job.work().claimed(claim.owner())));
    }

    private interface Step {
        Outcome take();
    }

    private static Outcome owned(final BatchJob job, final long epoch, final Step step) {
        if (job.status().ended()) {
            return new Refused(ErrorCode.WRONG_STATE, job.id() + " has ended");
        }
        if (epoch != job.work().epoch()) {
            return new Refused(ErrorCode.STALE_EPOCH,
                job.id() + " is worked on under claim " + job.work().epoch() + " now, not " + epoch);
        }
        return step.take();
    }

    private static Outcome begin(final BatchJob job, final BatchChange.Begin begin, final long nowMillis) {
        if (job.status() != VALIDATING) {
            return illegal(job, "begun");
        }
        if (begin.lines() < 1 || begin.model().length() > BatchJob.MODEL_CHARS_MAX) {
            return new Refused(ErrorCode.INVALID_VALUE, "a batch has lines, and a model whose name is at most "
                + BatchJob.MODEL_CHARS_MAX + " characters");
        }
        return new Changed(
            job.checked(begin.model(), begin.lines()).in(IN_PROGRESS, job.times().inProgress(nowMillis)));
    }

    private static Outcome account(final BatchJob job, final BatchChange.Account account) {
        if (job.status() != IN_PROGRESS && job.status() != CANCELLING) {
            return illegal(job, "worked on");
        }
        final int known = job.work().accounted(job.work().epoch());
        if (account.from() != known) {
            return new Refused(ErrorCode.STALE_EPOCH, known + " records of the claim are accounted for, not " + account.from());
        }
        if (!account.tally().sound() || account.tally().lines() > job.lines() - job.work().accounted()) {
            return new Refused(ErrorCode.ABOVE_MAXIMUM, "only " + (job.lines() - job.work().accounted())
                + " lines are not accounted for");
        }
        return new Changed(job.worked(job.tally().plus(account.tally()), job.work().grown(account.tally().lines())));
    }

    private static Outcome close(final BatchJob job, final long nowMillis) {
        return job.status() == IN_PROGRESS && job.complete()
            ? new Changed(job.in(FINALIZING, job.times().finalizing(nowMillis))) : illegal(job, "finalized");
    }

    private static Outcome finish(final BatchJob job, final BatchChange.Finish finish, final long nowMillis) {
        final boolean fits = switch (finish.end()) {
            case COMPLETED -> job.status() == FINALIZING;
            case CANCELLED -> job.status() == CANCELLING;
            case EXPIRED -> job.status() != CANCELLING && nowMillis >= job.times().expiresMillis();
            default -> false;
        };
        return fits && job.complete()
            ? new Changed(job.with(finish.files(), job.problems()).in(finish.end(), job.times().ended(nowMillis)))
            : illegal(job, finish.end().text());
    }

    private static Refused illegal(final BatchJob job, final String what) {
        return new Refused(ErrorCode.WRONG_STATE, job.id() + " is " + job.status().text() + " with "
            + job.work().accounted() + " of " + job.lines() + " lines accounted for: it cannot be " + what);
    }
}
