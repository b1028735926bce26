package io.spillway.gateway;

import static io.spillway.gateway.TestCluster.chat;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.util.internal.PlatformDependent;
import io.spillway.gateway.ScriptedLine.Script;
import io.spillway.gateway.chat.ChatService;
import io.spillway.gateway.http.HttpServerConfig;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;

/** 32 streams at a time whose clients vanish, stop reading, and come back, over both protocols. */
class VanishingClientsTest {
    private static final String CHAT = "/v1/chat/completions";
    private static final int CLIENTS = 32;
    private static final int ROUNDS = 10;
    /** 32 clients with 64 KiB waiting for each, the event that crossed that line, and what Netty keeps for next time. */
    private static final long BUFFERS_BYTES_MAX = 24L << 20;

    private final AtomicInteger finished = new AtomicInteger();
    private final AtomicInteger vanished = new AtomicInteger();
    private final AtomicInteger stalled = new AtomicInteger();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();

    @Test
    void noSlotIsLeakedAndMemoryIsBounded() throws Exception {
        try (ServerLog log = new ServerLog(); TestCluster cluster = new TestCluster(new ChatService.Limits(20_000, TimeUnit.SECONDS.toNanos(15)),
            TimeUnit.SECONDS.toNanos(2), VanishingClientsTest::roomy)) {
            cluster.line.script = request -> Script.of("word ".repeat(80));
            final long beforeBytes = PlatformDependent.usedDirectMemory();
            final AtomicLong mostBytes = new AtomicLong();
            final List<Thread> clients = new ArrayList<>();
            for (int client = 0; client < CLIENTS; client++) {
                final Random random = new Random(client);
                clients.add(Thread.ofPlatform().start(() -> live(cluster, random, mostBytes)));
            }
            for (final Thread client : clients) {
                client.join();
            }
            assertThat(failure.get()).isNull();
            assertThat(finished.get()).isPositive();
            assertThat(vanished.get()).isPositive();
            assertThat(stalled.get()).isPositive();
            assertThat(mostBytes.get() - beforeBytes).isLessThan(BUFFERS_BYTES_MAX);
            await(() -> cluster.line.running.get() == 0);
            await(() -> cluster.get("/metrics").body().contains("spillway_http_bodies 0.0"));
            cluster.line.play("hello");
            assertThat(cluster.post(CHAT, chat("")).statusCode()).isEqualTo(200);
            assertThat(log.lines()).isEmpty();
        }
    }

    private static HttpServerConfig roomy(final HttpServerConfig usual) {
        return new HttpServerConfig(usual.host(), usual.port(), usual.ioThreads(), usual.bodyBytesMax(), usual.bodiesBytesMax(), 1_000,
            usual.idleNanos(), usual.stallNanos(), usual.drainNanos());
    }

    private static void await(final BooleanSupplier condition) {
        final long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (!condition.getAsBoolean() && System.nanoTime() < deadline) {
            Thread.onSpinWait();
        }
        assertThat(condition.getAsBoolean()).isTrue();
    }

    private void live(final TestCluster cluster, final Random random, final AtomicLong mostBytes) {
        try {
            for (int round = 0; round < ROUNDS; round++) {
                if (round > 0 && random.nextBoolean()) {
                    http1(cluster, random.nextInt(4), random);
                } else {
                    http2(cluster, round == 0 ? 2 : random.nextInt(4), random);
                }
                mostBytes.accumulateAndGet(PlatformDependent.usedDirectMemory(), Math::max);
            }
        } catch (final IOException | AssertionError e) {
            failure.compareAndSet(null, e);
        }
    }

    private void http1(final TestCluster cluster, final int kind, final Random random) throws IOException {
        try (RawHttp raw = new RawHttp(cluster.gateway.port())) {
            raw.send(RawHttp.post(CHAT, chat(",'stream':true,'logprobs':true,'top_logprobs':2,'n':" + (1 + random.nextInt(2)))));
            if (kind == 0) {
                vanished.incrementAndGet();
            } else if (kind == 1) {
                for (int lines = random.nextInt(20); lines > 0; lines--) {
                    raw.line();
                }
                vanished.incrementAndGet();
            } else if (kind == 2) {
                stalled.incrementAndGet();
                cluster.get("/health");
                raw.line();
            } else {
                assertThat(raw.answer().body()).endsWith("data: [DONE]\n\n");
                finished.incrementAndGet();
            }
        }
    }

    private void http2(final TestCluster cluster, final int kind, final Random random) throws IOException {
        try (RawHttp2 raw = new RawHttp2(cluster.gateway.port()).begin(kind == 2 ? 100 : 1 << 20)) {
            raw.window(0, 1 << 24);
            raw.post(1, CHAT, chat(",'stream':true,'logprobs':true,'top_logprobs':2,'n':" + (1 + random.nextInt(2))));
            raw.post(3, CHAT, chat(",'max_tokens':1"));
            if (kind == 0) {
                vanished.incrementAndGet();
            } else if (kind == 1) {
                raw.await(RawHttp2.DATA, 1);
                raw.reset(1);
                vanished.incrementAndGet();
            } else if (kind == 2) {
                raw.await(RawHttp2.RESET, 1);
                stalled.incrementAndGet();
            } else {
                assertThat(raw.answer(1).body()).endsWith("data: [DONE]\n\n");
                finished.incrementAndGet();
            }
        }
    }
}
