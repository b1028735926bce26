package io.spillway.node.engine;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.kv.KvLayout;
import io.spillway.domain.request.FinishReason;
import io.spillway.domain.time.NanoClock;
import io.spillway.node.kvcache.KvCache;
import io.spillway.node.kvcache.WriteBehind;
import io.spillway.node.runner.StepRunner;
import io.spillway.node.scheduler.OutputForecast;
import io.spillway.node.speculation.Speculator;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.AgentTerminationException;
import org.agrona.concurrent.ManyToOneConcurrentArrayQueue;

/**
 * The engine's duty cycle: commands, cancellations, answers of the block store, offloads, admission, one step.
 *
 * <p>Runs on the engine thread, or is stepped by a test's. Never blocks but for the model's own step: once per cycle. A defect of its
 * own stops it: all requests end with {@link ErrorCode#INTERNAL} and the error goes to the runner's handler.
 */
final class EngineAgent implements Agent {
    private static final String SHUTTING_DOWN = "the engine is shutting down";
    private static final int COMMANDS_PER_CYCLE_MAX = 256;
    private static final long IDLE_PARK_NANOS = 100_000_000L;
    private static final long BUSY_PARK_NANOS = 2_000_000L;
    private static final long OFFLOAD_RETRY_NANOS = 20_000_000L;
    private static final int CLOSE_POLLS_MAX = 5_000;
    private static final long CLOSE_POLL_NANOS = 1_000_000L;

    private final EngineConfig config;
    private final NanoClock clock;
    private final LiveRequests liveRequests;
    private final ManyToOneConcurrentArrayQueue<EngineCommand> commands;
    private final ParkingIdle idle;
    private final KvCache cache;
    private final WriteBehind writeBehind;
    private final LoadMeter meter;
    private final Tally tally = new Tally();
    private final Emitter emitter;
    private final Sequence.Surroundings surroundings;
    private final Roster roster;
    private final StoreCalls storeCalls;
    private final StepLoop stepLoop;
    private final List<CompletableFuture<Void>> drains = new ArrayList<>();
    private volatile EngineLoad load = new EngineLoad(0, 0, 0, 0, 0, 0, 0, 0);
    private volatile EngineCounters counters = EngineCounters.NONE;
    private boolean audited = true;
    private boolean failed;
    private volatile boolean closed;

    EngineAgent(
        final EngineConfig config, final EngineParts parts, final LiveRequests liveRequests, final int commandsMax) {
        this.config = config;
        this.liveRequests = liveRequests;
        clock = parts.clock();
        meter = new LoadMeter(config.stepTokensMax());
        commands = new ManyToOneConcurrentArrayQueue<>(commandsMax);
        idle = new ParkingIdle(this::parkNanosMax);
        final KvLayout layout = parts.layout();
        final KvCache.Shape shape =
            new KvCache.Shape(config.deviceBlocks(), layout.blockTokens(), layout.blockBytes());
        cache = new KvCache(parts.device().memory(), shape, parts.kvEvents());
        final WriteBehind.Limits limits = new WriteBehind.Limits(config.offloadWaitingMax(),
            config.offloadInFlightMax(), config.offloadWait().toNanos(), OFFLOAD_RETRY_NANOS);
        writeBehind = new WriteBehind(parts.store(), cache, limits, idle::wake);
        emitter = new Emitter(liveRequests, tally);
        surroundings = new Sequence.Surroundings(
            cache, new OutputForecast(), meter, config, parts.device().hiddenSize());
        roster = new Roster(surroundings, emitter, tally);
        storeCalls = new StoreCalls(parts.store(), config,
            new StoreCalls.Context(cache, roster, meter, tally, clock, idle::wake));
        final StepRunner runner =
            parts.device().newRunner(new StepRunner.Limits(config.stepTokensMax(), config.runningMax()));
        stepLoop = new StepLoop(config, runner, clock,
            new StepLoop.Context(roster, cache, writeBehind, meter, tally, new Speculator(parts.speculation(),
                new Speculator.Limits(parts.device().vocabularySize(), config.runningMax()))));
        publish();
    }

    /** Queues a command and wakes the engine. Any thread. @return false: the queue is full */
    boolean offer(final EngineCommand command) {
        final boolean isQueued = commands.offer(command);
        idle.wake();
        return isQueued;
    }

    /** Any thread. */
    void wake() {
        idle.wake();
    }

    ParkingIdle idleStrategy() {
        return idle;
    }

    EngineLoad load() {
        return load;
    }

    EngineCounters counters() {
        return counters;
    }

    @Override
    public String roleName() {
        return "engine";
    }

    @Override
    public void onStart() {
        idle.bind(Thread.currentThread());
    }

    @Override
    public int doWork() {
        try {
            final int workCount = cycle();
            if (workCount > 0) {
                audited = false;
                publish();
            } else if (!audited && isQuiet()) {
                checkInvariants();
                audited = true;
            }
            return workCount;
        } catch (final RuntimeException e) {
            failed = true;
            throw new AgentTerminationException(e);
        }
    }

    private int cycle() {
        final long nowNanos = clock.nanoTime();
        int workCount = drainCommands();
        if (liveRequests.takeCancelMark()) {
            workCount += roster.endAll(
                sequence -> sequence.live().cancelled(), ErrorCode.CANCELLED, "cancelled by the caller", nowNanos);
        }
        workCount += storeCalls.poll(nowNanos) + storeCalls.expire(nowNanos);
        workCount += writeBehind.poll(nowNanos);
        workCount += admit(nowNanos);
        workCount += storeCalls.poll(nowNanos); // what a store can say at once costs no cycle
        roster.sweep(nowNanos);
        workCount += stepLoop.step(nowNanos);
        return workCount + finishDrains();
    }

    private int drainCommands() {
        int count = 0;
        for (; count < COMMANDS_PER_CYCLE_MAX; count++) {
            final EngineCommand command = commands.poll();
            if (command == null) {
                break;
            }
            switch (command) {
                case EngineCommand.Submit submit -> submit(submit);
                case EngineCommand.Drain(CompletableFuture<Void> drained) -> drains.add(drained);
                case EngineCommand.Snapshot snapshot -> snapshot.held().complete(cache.blocks().held());
            }
        }
        return count;
    }

    private void submit(final EngineCommand.Submit submit) {
        if (submit.live().cancelled()) {
            // Marked before it was queued here; the mark itself may have been taken already.
            emitter.fail(submit.live(), ErrorCode.CANCELLED, "cancelled by the caller");
            return;
        }
        final Sequence sequence = new Sequence(submit.live(), submit.chain(), surroundings);
        if (sequence.outputIsFull()) {
            emitter.finish(sequence, FinishReason.LENGTH);
            return;
        }
        roster.enqueue(sequence);
    }

    private int admit(final long nowNanos) {
        int count = 0;
        for (Sequence next = roster.admitNext(nowNanos); next != null; next = roster.admitNext(nowNanos)) {
            if (next.computesAll() || !storeCalls.lookUp(next, nowNanos)) {
                roster.run(next);
            }
            count++;
        }
        return count;
    }

    private int finishDrains() {
        if (drains.isEmpty() || liveRequests.count() > 0 || writeBehind.waiting() + writeBehind.inFlight() > 0) {
            return 0;
        }
        final int count = drains.size();
        drains.forEach(drained -> drained.complete(null));
        drains.clear();
        return count;
    }

    private boolean isQuiet() {
        return roster.active().isEmpty() && roster.waitingCount() == 0;
    }

    private long parkNanosMax() {
        final boolean isWaiting = !isQuiet() || storeCalls.underWay() > 0 || writeBehind.waiting() > 0;
        return isWaiting ? BUSY_PARK_NANOS : IDLE_PARK_NANOS;
    }

    private void publish() {
        load = new EngineLoad(roster.active().size(), roster.pendingPrefillTokens(), cache.blocks().free(),
            cache.blocks().cached(), cache.blocks().leased(), meter.prefillTokensPerSecond(), meter.decodeStepNanos(),
            meter.onboardBytesPerSecond());
        counters = tally.counters(cache, writeBehind, storeCalls.errors(), stepLoop);
    }

    /** @throws IllegalStateException when the books over the device's blocks do not add up */
    void checkInvariants() {
        cache.blocks().checkInvariants();
    }

    /** For tests that step the engine. @return leases on a device block */
    int leases(final int block) {
        return cache.blocks().leases(block);
    }

    /** @return whether nobody will take commands any more. Any thread */
    boolean closed() {
        return closed;
    }

    /**
     * Ends everything that lives, then waits, for a few seconds at most, until the store has given back what it
     * borrowed. Then the device is empty; if the store keeps blocks, that is an error, and the slab must not be freed.
     */
    @Override
    public void onClose() {
        closed = true; // before the queue is emptied: who queues later sees it and ends the request itself
        if (failed) {
            // The books may be wrong, so nothing is given back; but everybody is told.
            liveRequests.forEach(live ->
                emitter.fail(live, ErrorCode.INTERNAL, "the engine stopped on an internal error"));
        } else {
            roster.endAll(sequence -> true, ErrorCode.DRAINING, SHUTTING_DOWN, clock.nanoTime());
            stepLoop.finish();
        }
        endCommands();
        drains.forEach(drained -> drained.complete(null));
        awaitStore();
        publish();
        if (!failed) {
            checkInvariants();
            cache.blocks().clear();
        }
    }

    private void awaitStore() {
        if (failed) {
            return;
        }
        writeBehind.dropWaiting();
        for (int i = 0; i < CLOSE_POLLS_MAX && storeCalls.underWay() + writeBehind.inFlight() + writeBehind.waiting() > 0; i++) {
            if (storeCalls.poll(clock.nanoTime()) + writeBehind.poll(clock.nanoTime()) == 0) {
                LockSupport.parkNanos(this, CLOSE_POLL_NANOS);
            }
            writeBehind.dropWaiting();
        }
    }

    private void endCommands() {
        for (EngineCommand command = commands.poll(); command != null; command = commands.poll()) {
            switch (command) {
                case EngineCommand.Submit submit -> emitter.fail(submit.live(), ErrorCode.DRAINING, SHUTTING_DOWN);
                case EngineCommand.Drain(CompletableFuture<Void> drained) -> drained.complete(null);
                case EngineCommand.Snapshot snapshot -> snapshot.held().complete(List.of());
            }
        }
    }
}
