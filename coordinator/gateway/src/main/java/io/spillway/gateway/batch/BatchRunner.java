package io.spillway.gateway.batch;

import io.spillway.coordinator.batch.BatchChange;
import io.spillway.coordinator.batch.BatchJob;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.error.Unworded;
import io.spillway.domain.id.BatchId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.time.NanoClock;
import java.io.IOException;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes batches up while this replica leads, those of tenants with the fewest running first, and leaves them to the next leader when
 * it does not. One virtual thread from {@link #start} to {@link #close}.
 */
public final class BatchRunner implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(BatchRunner.class);
    private static final long SWEEP_NANOS = TimeUnit.MINUTES.toNanos(10);
    private static final long AGAIN_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final long LEFT_BEHIND_MILLIS = TimeUnit.DAYS.toMillis(1);

    private final BatchRun.Parts parts;
    private final BatchService.Storage storage;
    private final NanoClock clock;
    private final Map<BatchId, BatchRun> running = new ConcurrentHashMap<>();
    /** Batches that could not be worked on, and when to try again. */
    private final Map<BatchId, Long> againNanos = new ConcurrentHashMap<>();
    private final CountDownLatch closed = new CountDownLatch(1);
    private Thread thread;
    private long nextSweepNanos;

    BatchRunner(final BatchRun.Parts parts, final BatchService.Storage storage, final NanoClock clock) {
        this.parts = parts;
        this.storage = storage;
        this.clock = clock;
        this.nextSweepNanos = clock.nanoTime();
    }

    /** Begins to look for batches. */
    void start() {
        thread = Thread.ofVirtual().name("batches").start(this::loop);
    }

    /** @return batches that run here */
    public int running() {
        return running.size();
    }

    private void loop() {
        try {
            do {
                cycle();
            } while (!closed.await(parts.limits().tickNanos(), TimeUnit.NANOSECONDS));
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** An exception would silently end the batches: it is reported, and the next cycle tries again. */
    private void cycle() {
        try {
            if (storage.adopted().adopted() && parts.log().replicated().leadership().leading()) {
                takeUp();
                sweep();
            } else {
                running.values().forEach(BatchRun::stop);
            }
        } catch (final IOException | RuntimeException e) {
            LOG.error("looking for batches failed", Unworded.of(e));
        }
    }

    private void takeUp() {
        while (running.size() < parts.limits().batchesAtOnce()) {
            final BatchJob next = next();
            if (next == null || !claim(next.id())) {
                return;
            }
        }
    }

    /** @return the oldest batch of the tenant with the fewest running; null when there is none to take up */
    private BatchJob next() {
        final Map<TenantId, Integer> shares = new HashMap<>();
        final List<BatchJob> open = parts.log().replicated().view().batches().values().stream()
            .filter(job -> !job.status().ended()).toList();
        open.stream().filter(job -> running.containsKey(job.id())).forEach(job -> shares.merge(job.order().tenant(), 1, Integer::sum));
        return open.stream().filter(job -> !running.containsKey(job.id()) && due(job.id()))
            .min(Comparator.comparingInt((BatchJob job) -> shares.getOrDefault(job.order().tenant(), 0))
                .thenComparingLong(job -> job.times().createdMillis()).thenComparing(BatchJob::id)).orElse(null);
    }

    private boolean due(final BatchId id) {
        final Long again = againNanos.get(id);
        return again == null || clock.nanoTime() - again >= 0;
    }

    private boolean claim(final BatchId id) {
        final String owner = parts.ids().next(parts.log().replicated().leadership().replicaId() + "-");
        try {
            parts.log().propose(new BatchChange.Claim(id, owner));
        } catch (final SpillwayException e) {
            LOG.info("{} could not be claimed: {}", id, e.getMessage());
            againNanos.put(id, clock.nanoTime() + AGAIN_NANOS);
            return false;
        }
        final BatchJob job = parts.log().job(id).filter(found -> found.work().owner().equals(owner)).orElse(null);
        if (job == null) {
            againNanos.put(id, clock.nanoTime() + AGAIN_NANOS);
            return false;
        }
        final BatchRun run = new BatchRun(parts, job);
        running.put(id, run);
        againNanos.remove(id);
        Thread.ofVirtual().name(id.value()).start(() -> work(run));
        return true;
    }

    private void work(final BatchRun run) {
        boolean over = false;
        try {
            over = run.run();
        } finally {
            if (!over) {
                againNanos.put(run.id(), clock.nanoTime() + AGAIN_NANOS);
            }
            running.remove(run.id(), run);
        }
    }

    private void sweep() throws IOException {
        if (clock.nanoTime() - nextSweepNanos < 0) {
            return;
        }
        nextSweepNanos = clock.nanoTime() + SWEEP_NANOS;
        storage.files().sweep();
        final Set<String> known = parts.log().replicated().view().batches().values().stream()
            .filter(job -> !job.status().ended()).map(job -> job.id().value()).collect(Collectors.toSet());
        parts.place().sweep(known, parts.clock().epochMillis() - LEFT_BEHIND_MILLIS);
        againNanos.keySet().removeIf(id -> !known.contains(id.value()));
    }

    /** Stops looking, and leaves what runs to the next leader. Does not wait for it. */
    @Override
    public void close() {
        closed.countDown();
        running.values().forEach(BatchRun::stop);
    }
}
