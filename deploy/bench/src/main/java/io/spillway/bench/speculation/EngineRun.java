package io.spillway.bench.speculation;

import com.sun.management.OperatingSystemMXBean;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.request.GenerationEvent;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.domain.time.NanoClock;
import io.spillway.local.demo.Episode;
import io.spillway.node.engine.Engine;
import io.spillway.node.engine.EngineCounters;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.IntStream;

/** One engine and what was asked of it. Any thread asks. */
final class EngineRun implements AutoCloseable {
    private static final OperatingSystemMXBean PROCESS = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    private final Engine engine;
    private final NanoClock clock;
    private final LongAdder decodeNanos = new LongAdder();
    private final LongAdder decodedTokens = new LongAdder();

    /** @param clock read on the engine's thread */
    EngineRun(final Engine engine, final NanoClock clock) {
        this.engine = engine;
        this.clock = clock;
    }

    /** Plays the episodes and counts. */
    ModeRun measure(final String mode, final AgentReplay replay, final List<Episode> episodes) throws InterruptedException {
        final EngineCounters before = engine.counters();
        final long beganCpuNanos = PROCESS.getProcessCpuTime();
        final long beganNanos = System.nanoTime();
        final List<List<int[]>> outputs = replay.play(this, episodes);
        final long wallNanos = System.nanoTime() - beganNanos;
        final long cpuNanos = PROCESS.getProcessCpuTime() - beganCpuNanos;
        // Counters are published at the end of the cycle that told the last listener; this is answered by a later one.
        engine.heldBlocks().join();
        return new ModeRun(mode, outputs, wallNanos, cpuNanos, decodeNanos.sum(), decodedTokens.sum(), before, engine.counters());
    }

    /** @return the output tokens */
    int[] ask(final GenerationRequest request) throws InterruptedException {
        final Listener listener = new Listener();
        engine.submit(request, listener::accept);
        try {
            return listener.done.get();
        } catch (final ExecutionException e) {
            throw new IllegalStateException("a request failed: " + e.getCause().getMessage(), e.getCause());
        }
    }

    /** Collects one output; times it from its first token on. */
    private final class Listener {
        private final CompletableFuture<int[]> done = new CompletableFuture<>();
        private final IntStream.Builder tokens = IntStream.builder();
        private long firstNanos;
        private long lastNanos;
        private int laterTokens;

        private void accept(final GenerationEvent event) {
            switch (event) {
                case GenerationEvent.TokenDelta delta -> {
                    lastNanos = clock.nanoTime();
                    if (firstNanos == 0) {
                        firstNanos = lastNanos;
                        laterTokens = delta.tokens().length - 1;
                    } else {
                        laterTokens += delta.tokens().length;
                    }
                    for (final int token : delta.tokens()) {
                        tokens.add(token);
                    }
                }
                case GenerationEvent.Finished _ -> {
                    decodeNanos.add(lastNanos - firstNanos);
                    decodedTokens.add(laterTokens);
                    done.complete(tokens.build().toArray());
                }
                case GenerationEvent.Failed failed ->
                    done.completeExceptionally(new SpillwayException(failed.code(), failed.detail()));
                case GenerationEvent.Started _ -> { }
                default -> done.completeExceptionally(new SpillwayException(ErrorCode.INTERNAL, "unexpected: " + event));
            }
        }
    }

    @Override
    public void close() {
        engine.close();
    }
}
