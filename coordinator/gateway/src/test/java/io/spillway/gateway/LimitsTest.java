package io.spillway.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.time.NanoClock;
import io.spillway.gateway.http.ErrorRenderer;
import io.spillway.gateway.http.HttpAnswer;
import io.spillway.gateway.http.HttpServer;
import io.spillway.gateway.http.HttpServerConfig;
import io.spillway.gateway.http.SseWriter;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** The server's bounds, with a handler of the test's own. */
class LimitsTest {
    private static HttpServerConfig config(final int bodiesBytesMax, final int connectionsMax, final long stallMillis) {
        return new HttpServerConfig("127.0.0.1", 0, 1, 1000, bodiesBytesMax, connectionsMax, TimeUnit.MILLISECONDS.toNanos(400),
            TimeUnit.MILLISECONDS.toNanos(stallMillis), TimeUnit.MILLISECONDS.toNanos(200));
    }

    private static HttpServer serve(final HttpServerConfig config, final Consumer<io.spillway.gateway.http.HttpExchange> handler) {
        return HttpServer.start(config, new HttpServer.Parts(handler::accept, LimitsTest::render, () -> "id", status -> { },
            NanoClock.SYSTEM));
    }

    private static HttpAnswer render(final ErrorRenderer.Asked asked, final SpillwayException failure) {
        return HttpAnswer.of(failure.code().kind().httpStatus(), "text/plain", failure.getMessage());
    }

    @Test
    void bodiesThatTogetherAreTooBigAreRefusedAndReleased() throws IOException {
        final CountDownLatch release = new CountDownLatch(1);
        try (HttpServer server = serve(config(1500, 10, 1000), exchange -> {
            await(release);
            exchange.respond(HttpAnswer.of(200, "text/plain", "" + exchange.call().body().length));
        }); RawHttp first = new RawHttp(server.port()); RawHttp second = new RawHttp(server.port())) {
            first.send(RawHttp.post("/", "x".repeat(1000)));
            while (server.bodyBytes() != 1000) {
                Thread.onSpinWait();
            }
            second.send(RawHttp.post("/", "x".repeat(1000)));
            assertThat(second.answer().status()).isEqualTo(503);
            release.countDown();
            assertThat(first.answer().body()).isEqualTo("1000");
            while (server.bodyBytes() != 0) {
                Thread.onSpinWait();
            }
        }
    }

    @Test
    void oneConnectionTooManyIsRefused() throws IOException {
        try (HttpServer server = serve(config(1500, 2, 1000), exchange -> exchange.respond(HttpAnswer.of(200, "text/plain", "ok")));
            RawHttp first = new RawHttp(server.port()); RawHttp second = new RawHttp(server.port())) {
            first.send(RawHttp.get("/"));
            assertThat(first.answer().status()).isEqualTo(200);
            second.send(RawHttp.get("/"));
            assertThat(second.answer().status()).isEqualTo(200);
            try (RawHttp third = new RawHttp(server.port())) {
                assertThat(third.answer().status()).isEqualTo(503);
                assertThat(third.closedByServer()).isTrue();
            }
            assertThat(server.refusedConnections()).isEqualTo(1);
        }
    }

    @Test
    void anIdleConnectionIsClosedAndABusyOneIsNot() throws IOException {
        final CountDownLatch release = new CountDownLatch(1);
        try (HttpServer server = serve(config(1500, 10, 1000), exchange -> {
            await(release);
            exchange.respond(HttpAnswer.of(200, "text/plain", "ok"));
        }); RawHttp busy = new RawHttp(server.port()); RawHttp idle = new RawHttp(server.port())) {
            busy.send(RawHttp.get("/"));
            idle.send("GET / HTT");
            assertThat(idle.closedByServer()).isTrue();
            release.countDown();
            assertThat(busy.answer().body()).isEqualTo("ok");
        }
    }

    @Test
    void aStreamIsHeldBackWhileItsClientDoesNotRead() throws Exception {
        final AtomicInteger sent = new AtomicInteger();
        final CountDownLatch gaveUp = new CountDownLatch(1);
        final int pieceBytes = 64 << 10;
        try (HttpServer server = serve(config(1500, 10, 300), exchange -> {
            final SseWriter events = exchange.events();
            while (events.data(new byte[pieceBytes]) && sent.incrementAndGet() < 100_000) {
                Thread.onSpinWait();
            }
            gaveUp.countDown();
            events.end();
        }); RawHttp raw = new RawHttp(server.port())) {
            raw.send(RawHttp.get("/"));
            assertThat(gaveUp.await(20, TimeUnit.SECONDS)).isTrue();
            assertThat(server.stalledClients()).isEqualTo(1);
            assertThat(sent.get() * (long) pieceBytes).as("socket buffers, not ours, hold what was sent").isLessThan(32L << 20);
        }
    }

    @Test
    void aWholeAnswerThatIsNotReadIsGivenUp() throws Exception {
        try (HttpServer server = serve(config(1500, 10, 300), exchange ->
            exchange.respond(HttpAnswer.of(200, "application/octet-stream", new byte[32 << 20])));
            RawHttp raw = new RawHttp(server.port()); RawHttp2 two = new RawHttp2(server.port()).begin(100)) {
            raw.send(RawHttp.get("/"));
            two.get(1, "/");
            two.await(RawHttp2.RESET, 1);
            final long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
            while (server.stalledClients() < 2 && System.nanoTime() < deadline) {
                Thread.onSpinWait();
            }
            assertThat(server.stalledClients()).isEqualTo(2);
        }
    }

    @Test
    void aHandlerThatAnswersNothingIsOurFault() throws IOException {
        try (HttpServer server = serve(config(1500, 10, 1000), exchange -> { }); RawHttp raw = new RawHttp(server.port())) {
            raw.send(RawHttp.get("/"));
            assertThat(raw.answer().status()).isEqualTo(500);
        }
    }

    @Test
    void anEndlessStreamDoesNotHoldUpTheEnd() throws Exception {
        final List<Thread> handlers = new ArrayList<>();
        final CountDownLatch begun = new CountDownLatch(1);
        final HttpServer server = serve(config(1500, 10, 1000), exchange -> {
            handlers.add(Thread.currentThread());
            final CountDownLatch gone = new CountDownLatch(1);
            exchange.onDisconnect(gone::countDown);
            exchange.events().data("x".getBytes());
            begun.countDown();
            await(gone);
        });
        try (RawHttp raw = new RawHttp(server.port())) {
            raw.send(RawHttp.get("/"));
            assertThat(begun.await(5, TimeUnit.SECONDS)).isTrue();
            CompletableFuture.runAsync(server::close).get(5, TimeUnit.SECONDS);
            assertThat(handlers.getFirst().join(java.time.Duration.ofSeconds(5))).isTrue();
        }
    }

    private static void await(final CountDownLatch latch) {
        try {
            latch.await();
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
