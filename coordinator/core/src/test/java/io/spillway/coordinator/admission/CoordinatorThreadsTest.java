package io.spillway.coordinator.admission;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.coordinator.dispatch.DispatchConfig;
import io.spillway.coordinator.dispatch.NodePort;
import io.spillway.coordinator.placement.PlacementConfig;
import io.spillway.coordinator.state.ClusterView;
import io.spillway.domain.cluster.NodeDescriptor;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.request.FinishReason;
import io.spillway.domain.request.GenerationEvent;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.domain.request.PrefillSources;
import io.spillway.domain.request.Usage;
import io.spillway.domain.time.NanoClock;
import io.spillway.testkit.gen.Models;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Real threads on every side: submitters, cancellers, two nodes that fail, one agent that parks and is woken. */
class CoordinatorThreadsTest implements NodePort {
    private static final int CLIENTS = 3;
    private static final int REQUESTS_PER_CLIENT = 400;
    private static final int OUTPUT_TOKENS = 8;

    private final ExecutorService nodes = Executors.newFixedThreadPool(2);
    private final AtomicReference<Thread> agentThread = new AtomicReference<>();
    private final AtomicInteger sent = new AtomicInteger();
    private final CountDownLatch ended = new CountDownLatch(CLIENTS * REQUESTS_PER_CLIENT);
    private final AtomicInteger wrong = new AtomicInteger();

    @Test
    @Timeout(30)
    void everyRequestEndsOnceWhoeverComesFirst() throws InterruptedException {
        final AdmissionConfig config = new AdmissionConfig(
            new AdmissionConfig.Queues(64, 64, 64), new AdmissionConfig.Patience(
                TimeUnit.SECONDS.toNanos(20), TimeUnit.SECONDS.toNanos(20), 1_000_000, 0, 0, 1_000_000),
            new DispatchConfig(50, Long.MAX_VALUE, 128, 64),
            new PlacementConfig(16, 1000, 1_000_000, 1e9, 0.5, 512, 64, 0.5));
        final Coordinator coordinator = new Coordinator(config, this, new CoordinatorHooks(
            () -> LockSupport.unpark(agentThread.get()), source -> { }, consumption -> { }), NanoClock.SYSTEM);
        final CountDownLatch close = new CountDownLatch(1);
        final Thread agent = Thread.ofPlatform().start(() -> {
            agentThread.set(Thread.currentThread());
            while (close.getCount() > 0) {
                if (coordinator.agent().doWork() == 0) {
                    LockSupport.parkNanos(1_000_000);
                }
            }
            coordinator.agent().onClose();
        });
        coordinator.onView(view());
        final List<Thread> clients = new ArrayList<>();
        for (int client = 0; client < CLIENTS; client++) {
            final int number = client;
            clients.add(Thread.ofPlatform().start(() -> submitAll(coordinator, number)));
        }
        assertThat(ended.await(25, TimeUnit.SECONDS)).as(ended.getCount() + " have not ended").isTrue();
        for (final Thread client : clients) {
            client.join();
        }
        close.countDown();
        agent.join();
        nodes.shutdownNow();
        assertThat(wrong).hasValue(0);
        final CoordinatorStats.Totals totals = coordinator.stats().totals();
        assertThat(totals.accepted() + totals.refused()).isEqualTo(CLIENTS * REQUESTS_PER_CLIENT);
        assertThat(totals.finished() + totals.failed() + totals.cancelled()).isEqualTo(totals.accepted());
        assertThat(totals.finished()).isPositive();
        assertThat(coordinator.stats().inFlight() + coordinator.stats().waiting()).isZero();
    }

    private void submitAll(final Coordinator coordinator, final int client) {
        final SplittableRandom random = new SplittableRandom(client);
        for (int i = 0; i < REQUESTS_PER_CLIENT; i++) {
            final GenerationRequest request = Harness.request("c" + client + "-" + i, "tenant" + client);
            final RequestLine.Submission submission = coordinator.submit(request, new Checker());
            if (random.nextInt(5) == 0) {
                submission.cancel();
            }
            if (random.nextInt(10) == 0) {
                LockSupport.parkNanos(200_000);
            }
        }
    }

    /** The agent's thread only, but for a refusal at the door. */
    private final class Checker implements Consumer<GenerationEvent> {
        private int next;
        private boolean over;

        @Override
        public void accept(final GenerationEvent event) {
            if (over) {
                wrong.incrementAndGet();
            }
            switch (event) {
                case GenerationEvent.Started _ -> { }
                case GenerationEvent.Embedded _ -> wrong.incrementAndGet();
                case GenerationEvent.TokenDelta delta -> {
                    for (final int token : delta.tokens()) {
                        wrong.addAndGet(token == next++ ? 0 : 1);
                    }
                }
                case GenerationEvent.Finished _ -> {
                    wrong.addAndGet(next == OUTPUT_TOKENS ? 0 : 1);
                    end();
                }
                case GenerationEvent.Failed failed -> {
                    wrong.addAndGet(failed.code() == ErrorCode.INTERNAL ? 1 : 0);
                    end();
                }
            }
        }

        private void end() {
            over = true;
            ended.countDown();
        }
    }

    @Override
    public Call generate(
        final NodeDescriptor node, final long epoch, final GenerationRequest request, final Consumer<GenerationEvent> listener) {
        final int number = sent.incrementAndGet();
        nodes.execute(() -> {
            listener.accept(new GenerationEvent.Started(PrefillSources.NONE));
            for (int i = request.emittedTokens().length; i < OUTPUT_TOKENS; i++) {
                if (number % 3 == 0 && i == OUTPUT_TOKENS / 2) {
                    listener.accept(new GenerationEvent.Failed(ErrorCode.NODE_LOST, "as planned"));
                    return;
                }
                listener.accept(new GenerationEvent.TokenDelta(i, new int[] {i}, List.of()));
            }
            listener.accept(new GenerationEvent.Finished(FinishReason.LENGTH,
                new Usage(request.promptTokens().length, 0, OUTPUT_TOKENS, PrefillSources.NONE)));
        });
        return () -> { };
    }

    private static ClusterView view() {
        final TreeMap<NodeId, ClusterView.Member> members = new TreeMap<>();
        for (int i = 1; i <= 2; i++) {
            final NodeDescriptor node = Models.engine("n" + i, Harness.MODEL, 256);
            members.put(node.id(), new ClusterView.Member(node, i, Long.MAX_VALUE));
        }
        return new ClusterView(1, members, Map.of(), new TreeMap<>(), new TreeMap<>());
    }
}
