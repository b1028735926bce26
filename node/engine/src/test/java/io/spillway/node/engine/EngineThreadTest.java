package io.spillway.node.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.cluster.NodeLoad;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.id.RequestId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.KvEvent;
import io.spillway.domain.kv.KvLayout;
import io.spillway.domain.kv.Tier;
import io.spillway.domain.request.GenerationEvent;
import io.spillway.domain.time.NanoClock;
import io.spillway.kvstore.service.BlockStore;
import io.spillway.kvstore.service.NoBlockStore;
import io.spillway.node.model.LanguageModel;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The engine on its own thread, met by others. */
@Timeout(20)
class EngineThreadTest {
    private final Queue<Throwable> errors = new ConcurrentLinkedQueue<>();

    private Engine engine(final Arena arena, final Consumer<KvEvent> events) {
        return engine(arena, events, new NoBlockStore());
    }

    private Engine engine(final Arena arena, final Consumer<KvEvent> events, final BlockStore store) {
        final EngineConfig config = Rig.config(32, 16, 4);
        final KvLayout layout = FakeModel.layout(config.blockTokens());
        final LanguageModel model = new FakeModel(Rig.CONTEXT_TOKENS);
        return new Engine(config, new EngineParts(model, layout,
            arena.allocate(config.deviceBlocks() * layout.blockBytes(), 64), store, NanoClock.SYSTEM, events));
    }

    /** Counts down at the last event. */
    private record Awaited(Rig.Recorder recorder, CountDownLatch done) implements Consumer<GenerationEvent> {
        @Override
        public void accept(final GenerationEvent event) {
            recorder.accept(event);
            if (recorder.hasEnded()) {
                done.countDown();
            }
        }
    }

    /** Reads and writes device blocks on a thread of its own, as a real store does. */
    private static final class ThreadedStore implements BlockStore {
        private final Map<BlockHash, byte[]> blocks = new ConcurrentHashMap<>();
        private final ExecutorService thread = Executors.newSingleThreadExecutor();

        @Override
        public boolean offload(
            final BlockHash hash, final BlockHash parent, final MemorySegment bytes, final Runnable released) {
            thread.execute(() -> {
                blocks.put(hash, bytes.toArray(ValueLayout.JAVA_BYTE));
                released.run();
            });
            return true;
        }

        @Override
        public CompletableFuture<Found> lookup(final List<BlockHash> wanted, final long deadlineNanos) {
            return CompletableFuture.supplyAsync(() -> {
                int count = 0;
                while (count < wanted.size() && blocks.containsKey(wanted.get(count))) {
                    count++;
                }
                return new Found(count, List.of(new Found.Segment("", count)));
            }, thread);
        }

        @Override
        public CompletableFuture<Onboarded> onboard(final List<BlockHash> wanted, final Found found,
            final List<MemorySegment> targets, final long deadlineNanos) {
            return CompletableFuture.supplyAsync(() -> {
                for (int i = 0; i < wanted.size(); i++) {
                    targets.get(i).copyFrom(MemorySegment.ofArray(blocks.get(wanted.get(i))));
                }
                return new Onboarded(wanted.size(), Collections.nCopies(wanted.size(), Tier.HOST));
            }, thread);
        }

        @Override
        public NodeLoad.TierUse tierUse() {
            return NodeLoad.TierUse.NONE;
        }

        @Override
        public void close() {
            thread.shutdown();
        }
    }

    /** 16 contexts of 15 blocks on a device of 32: most come back from the store, byte for byte. */
    @Test
    void blocksGoOutAndComeBackOnTheStoresThread() throws InterruptedException {
        try (ThreadedStore store = new ThreadedStore(); Arena arena = Arena.ofShared();
            Engine engine = engine(arena, event -> { }, store)) {
            engine.start(errors::add);
            for (int round = 0; round < 3; round++) {
                final CountDownLatch done = new CountDownLatch(16);
                final List<Awaited> requests = new ArrayList<>();
                for (int i = 0; i < 16; i++) {
                    final String id = round + "-" + i;
                    requests.add(new Awaited(new Rig.Recorder(Rig.request(id, Rig.tokens(58, i), 4)), done));
                    engine.submit(requests.getLast().recorder().request, requests.getLast());
                }
                assertThat(done.await(15, TimeUnit.SECONDS)).isTrue();
                for (final Awaited request : requests) {
                    final Rig.Recorder alone = Rig.alone(request.recorder().request);
                    assertThat(request.recorder().finished().reason()).isEqualTo(alone.finished().reason());
                    assertThat(request.recorder().output).isEqualTo(alone.output);
                }
            }
            assertThat(engine.drain()).succeedsWithin(Duration.ofSeconds(10));
            assertThat(engine.counters().onboardedBlocks()).isPositive();
        }
        assertThat(errors).isEmpty();
    }

    @Test
    void manyThreadsSubmitCancelAndAskAndAllEnd() throws InterruptedException {
        try (Arena arena = Arena.ofShared(); Engine engine = engine(arena, event -> { })) {
            engine.start(errors::add);
            final int perThread = 40;
            final CountDownLatch done = new CountDownLatch(3 * perThread);
            final List<Rig.Recorder> recorders = new ArrayList<>();
            final List<Thread> threads = new ArrayList<>();
            for (int thread = 0; thread < 3; thread++) {
                final List<Awaited> mine = new ArrayList<>();
                for (int i = 0; i < perThread; i++) {
                    final String id = "t" + thread + "-" + i;
                    mine.add(new Awaited(new Rig.Recorder(Rig.request(id, Rig.tokens(1 + i, i % 3), 6)), done));
                    recorders.add(mine.getLast().recorder());
                }
                threads.add(Thread.ofPlatform().start(() -> submitAll(engine, mine)));
            }
            for (final Thread thread : threads) {
                thread.join();
            }
            assertThat(done.await(15, TimeUnit.SECONDS)).isTrue();
            for (final Rig.Recorder recorder : recorders) {
                if (recorder.last instanceof GenerationEvent.Finished) {
                    assertThat(recorder.output).isEqualTo(Rig.alone(recorder.request).output);
                } else {
                    assertThat(recorder.failure()).isEqualTo(ErrorCode.CANCELLED);
                }
            }
        }
        assertThat(errors).isEmpty();
    }

    private static void submitAll(final Engine engine, final List<Awaited> requests) {
        for (int i = 0; i < requests.size(); i++) {
            engine.submit(requests.get(i).recorder().request, requests.get(i));
            if (i % 7 == 0) {
                engine.cancel(requests.get(i).recorder().request.id());
                engine.heldBlocks().join();
            }
        }
    }

    @Test
    void anIdleEngineSleepsAndWakesAtOnce() throws Exception {
        try (Arena arena = Arena.ofShared(); Engine engine = engine(arena, event -> { })) {
            engine.start(errors::add);
            engine.heldBlocks().get();
            final Thread thread = Thread.getAllStackTraces().keySet().stream()
                .filter(candidate -> "engine".equals(candidate.getName())).findFirst().orElseThrow();
            final var threads = ManagementFactory.getThreadMXBean();
            final long cpuBefore = threads.getThreadCpuTime(thread.threadId());
            final CountDownLatch never = new CountDownLatch(1);
            assertThat(never.await(600, TimeUnit.MILLISECONDS)).as("idle for a while").isFalse();
            assertThat(threads.getThreadCpuTime(thread.threadId()) - cpuBefore).isLessThan(30_000_000L);
            long shortestNanos = Long.MAX_VALUE;
            for (int i = 0; i < 10; i++) {
                final long startNanos = NanoClock.SYSTEM.nanoTime();
                engine.heldBlocks().get();
                shortestNanos = Math.min(shortestNanos, NanoClock.SYSTEM.nanoTime() - startNanos);
            }
            assertThat(shortestNanos).as("woken, not found by a poll").isLessThan(20_000_000L);
        }
    }

    @Test
    void aDefectStopsTheEngineAndEndsEveryRequest() throws InterruptedException {
        final Consumer<KvEvent> broken = event -> {
            throw new IllegalStateException("a defect behind the events");
        };
        try (Arena arena = Arena.ofShared(); Engine engine = engine(arena, broken)) {
            engine.start(errors::add);
            final CountDownLatch done = new CountDownLatch(2);
            final Awaited first = new Awaited(new Rig.Recorder(Rig.request("a", Rig.tokens(9, 1), 9)), done);
            final Awaited second = new Awaited(new Rig.Recorder(Rig.request("b", Rig.tokens(2, 1), 50)), done);
            engine.submit(first.recorder().request, first);
            engine.submit(second.recorder().request, second);
            assertThat(done.await(10, TimeUnit.SECONDS)).isTrue();
            assertThat(first.recorder().last).isInstanceOf(GenerationEvent.Failed.class);
            assertThat(second.recorder().last).isInstanceOf(GenerationEvent.Failed.class);
            assertThat(engine.serving()).isFalse();
            assertThat(engine.cancel(new RequestId("a"))).isFalse();
            assertThat(engine.drain()).isCompletedExceptionally();
        }
        assertThat(errors).isNotEmpty();
    }
}
