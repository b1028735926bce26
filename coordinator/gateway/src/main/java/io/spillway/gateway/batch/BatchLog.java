package io.spillway.gateway.batch;

import io.spillway.coordinator.batch.BatchChange;
import io.spillway.coordinator.batch.BatchJob;
import io.spillway.coordinator.state.Command;
import io.spillway.coordinator.state.CommandResult;
import io.spillway.coordinator.state.ReplicatedLog;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.BatchId;
import io.spillway.gateway.chat.RequestIds;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** The replicated state, for batches. Any thread; proposals block. */
final class BatchLog {
    private static final long AGAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    private final ReplicatedLog log;
    private final RequestIds ids;

    BatchLog(final ReplicatedLog log, final RequestIds ids) {
        this.log = log;
        this.ids = ids;
    }

    ReplicatedLog replicated() {
        return log;
    }

    Optional<BatchJob> job(final BatchId id) {
        return Optional.ofNullable(log.view().batches().get(id));
    }

    /**
     * Proposes once.
     *
     * @throws SpillwayException NO_LEADER when it is not known whether the change was made; other codes when it was refused
     */
    void propose(final BatchChange change) {
        accept(await(log.propose(ids.next("batch-"), new Command.ChangeBatch(change))));
    }

    private static void accept(final CommandResult result) {
        if (result instanceof CommandResult.Refused(ErrorCode code, String detail)) {
            throw new SpillwayException(code, detail);
        }
    }

    /**
     * Makes a batch, once for each id however often it is asked for.
     *
     * @param known whether whoever asks again asks under the same id
     * @throws SpillwayException NO_LEADER when it is not known whether the batch was made; other codes when it was refused
     */
    void create(final BatchChange.Create change, final boolean known) {
        try {
            final CommandResult result = await(log.propose("create-" + change.id(), new Command.ChangeBatch(change)));
            if (!(result instanceof CommandResult.Refused(ErrorCode code, String _)) || code != ErrorCode.ALREADY_EXISTS) {
                accept(result);
            }
        } catch (final SpillwayException e) {
            if (e.code() != ErrorCode.NO_LEADER) {
                throw e;
            }
            final String what = "No leader has confirmed the batch in time. It may have been created all the same: GET /v1/batches/"
                + change.id() + " says so. ";
            throw known ? new SpillwayException(ErrorCode.NO_LEADER, what + "Sent again with the same Idempotency-Key, it is created once.", e)
                : SpillwayException.ofField(ErrorCode.NO_LEADER, "Idempotency-Key", what + "With an Idempotency-Key the request could be sent again.");
        }
    }

    /**
     * Proposes until the log has taken it, under one id, so that it is applied once.
     *
     * @param stopped asked after every attempt: it is given up then
     * @return what it came to; empty when it was given up
     */
    Optional<CommandResult> insist(
        final BatchChange change, final List<Command.UsageEntry> charges, final BooleanSupplier stopped) {
        final String id = ids.next("batch-");
        final Command command = new Command.ChangeBatch(change, charges);
        while (!stopped.getAsBoolean()) {
            try {
                return Optional.of(await(log.propose(id, command)));
            } catch (final SpillwayException e) {
                if (!e.code().kind().retryable()) {
                    throw e;
                }
                LockSupport.parkNanos(this, AGAIN_NANOS);
            }
        }
        return Optional.empty();
    }

    private static CommandResult await(final Future<CommandResult> result) {
        try {
            return result.get();
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SpillwayException(ErrorCode.DRAINING, "interrupted while the log was asked", e);
        } catch (final ExecutionException | CompletionException e) {
            throw e.getCause() instanceof SpillwayException failure ? failure
                : new SpillwayException(ErrorCode.INTERNAL, "the log failed", e);
        }
    }
}
