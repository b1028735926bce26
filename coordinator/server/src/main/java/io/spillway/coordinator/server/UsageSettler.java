package io.spillway.coordinator.server;

import io.spillway.coordinator.admission.UsageSink;
import io.spillway.coordinator.ledger.Charge;
import io.spillway.coordinator.ledger.ChargedOnce;
import io.spillway.coordinator.ledger.Tariff;
import io.spillway.coordinator.state.Command;
import io.spillway.coordinator.state.ReplicatedLog;
import io.spillway.domain.error.ErrorCode;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/**
 * Charges finished requests through the log, many at a time. A batch that found no leader is proposed again under the same
 * id, so that nothing is charged twice. {@link #onEnded} is called on the agent's thread, {@link #tick} on a timer's.
 */
final class UsageSettler implements UsageSink {
    private static final System.Logger LOG = System.getLogger(UsageSettler.class.getName());
    private static final int WAITING_MAX = 65_536;
    private static final int BATCH_MAX = 512;
    private static final int REMEMBERED_MAX = 16_384;

    private final ReplicatedLog log;
    private final Tariff tariff;
    private final Supplier<String> commandIds;
    private final BlockingQueue<Command.UsageEntry> waiting = new ArrayBlockingQueue<>(WAITING_MAX);
    private final ChargedOnce once = new ChargedOnce(REMEMBERED_MAX); // agent's thread
    private final AtomicLong lost = new AtomicLong();
    private volatile Batch underWay;

    /** A proposed batch; kept until the log has it. */
    private record Batch(String id, Command.SettleUsage command) {
    }

    UsageSettler(final ReplicatedLog log, final Tariff tariff, final Supplier<String> commandIds) {
        this.log = log;
        this.tariff = tariff;
        this.commandIds = commandIds;
    }

    /**
     * What was delivered is charged: a complete answer, and what a caller got before it went away. A failure is free. What ran from
     * idle capacity is charged by its batch, together with the progress it made. A request that comes again under its old id is charged for
     * what it took beyond its attempts before.
     */
    @Override
    public void onEnded(final Consumption consumption) {
        if (consumption.request().isIdle()) {
            return;
        }
        if (consumption.failure().filter(code -> code != ErrorCode.CANCELLED).isPresent()) {
            return;
        }
        final Command.UsageEntry entry = Charge.entry(consumption.request().tenant(), consumption.request().run(),
            consumption.request().model(), consumption.usage(), tariff);
        once.next(consumption.request().id(), entry).ifPresent(next -> {
            if (!waiting.offer(next)) {
                lost.incrementAndGet();
            }
        });
    }

    /** Proposes what has gathered, one batch at a time. */
    void tick() {
        if (underWay != null) {
            return;
        }
        final List<Command.UsageEntry> entries = new ArrayList<>();
        waiting.drainTo(entries, BATCH_MAX);
        if (!entries.isEmpty()) {
            propose(new Batch(commandIds.get(), new Command.SettleUsage(entries)));
        }
    }

    /** @return requests that were never charged because the log was unreachable for too long */
    long lost() {
        return lost.get();
    }

    private void propose(final Batch batch) {
        underWay = batch;
        log.propose(batch.id(), batch.command()).whenComplete((result, failure) -> {
            if (failure == null) {
                underWay = null;
            } else {
                LOG.log(System.Logger.Level.WARNING, "charging waits for the log: " + failure.getMessage());
                retry(batch);
            }
        });
    }

    private void retry(final Batch batch) {
        java.util.concurrent.CompletableFuture.delayedExecutor(1, java.util.concurrent.TimeUnit.SECONDS)
            .execute(() -> propose(batch));
    }
}
