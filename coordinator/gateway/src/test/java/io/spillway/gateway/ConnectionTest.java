package io.spillway.gateway;

import static io.spillway.gateway.TestCluster.chat;
import static io.spillway.gateway.TestCluster.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.domain.error.SpillwayException;
import io.spillway.gateway.RawHttp.Answer;
import io.spillway.gateway.ScriptedLine.Script;
import io.spillway.gateway.chat.ChatService;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ConnectionTest {
    private static final String CHAT = "/v1/chat/completions";
    private TestCluster cluster;

    @BeforeEach
    void start() {
        cluster = new TestCluster();
    }

    @AfterEach
    void stop() {
        cluster.close();
    }

    private RawHttp connect() throws IOException {
        return new RawHttp(cluster.gateway.port());
    }

    @Test
    void pipelinedRequestsAreAnsweredInOrder() throws IOException {
        cluster.line.script = request -> Script.of("seed " + request.sampling().seed());
        try (RawHttp raw = connect()) {
            final StringBuilder all = new StringBuilder();
            for (int i = 0; i < 30; i++) {
                all.append(RawHttp.post(CHAT, chat(",'seed':" + i + (i % 2 == 0 ? ",'stream':true" : ""))));
                all.append(RawHttp.get("/health"));
            }
            raw.send(all.toString());
            for (int i = 0; i < 30; i++) {
                final Answer answer = raw.answer();
                assertThat(answer.status()).isEqualTo(200);
                if (i % 2 == 0) {
                    assertThat(answer.body()).endsWith("data: [DONE]\n\n");
                } else {
                    assertThat(answer.body()).contains("seed " + i);
                }
                assertThat(raw.answer().body()).isEqualTo("{\"status\":\"ok\"}");
            }
        }
    }

    @Test
    void aBodyMayComeInChunksAndInPieces() throws IOException {
        final String body = chat(",'user':'é'");
        try (RawHttp raw = connect()) {
            raw.send("POST " + CHAT + " HTTP/1.1\r\nhost: x\r\nX-API-Key: sk-test\r\ntransfer-encoding: chunked\r\n\r\n");
            for (final int codePoint : body.codePoints().toArray()) {
                final String piece = Character.toString(codePoint);
                raw.send(Integer.toHexString(piece.getBytes(java.nio.charset.StandardCharsets.UTF_8).length) + "\r\n" + piece + "\r\n");
            }
            raw.send("0\r\n\r\n");
            assertThat(raw.answer().body()).contains("hello");
        }
    }

    @Test
    void expectContinueIsAnsweredBeforeTheBody() throws IOException {
        final String body = chat("");
        try (RawHttp raw = connect()) {
            raw.send("POST " + CHAT + " HTTP/1.1\r\nhost: x\r\nauthorization: Bearer sk-test\r\nexpect: 100-continue\r\n"
                + "content-length: " + body.length() + "\r\n\r\n");
            assertThat(raw.answer().status()).isEqualTo(100);
            raw.send(body);
            assertThat(raw.answer().body()).contains("hello");
            raw.send(RawHttp.get("/health"));
            assertThat(raw.answer().status()).isEqualTo(200);
        }
    }

    @Test
    void aBodyThatIsTooLargeIsRefusedBeforeItIsSent() throws IOException {
        try (RawHttp raw = connect()) {
            raw.send("POST " + CHAT + " HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2000000\r\n\r\n");
            final Answer answer = raw.answer();
            assertThat(answer.status()).isEqualTo(413);
            assertThat(json(answer.body()).path("error").path("code").asText()).isEqualTo("request_too_large");
            assertThat(answer.headers()).containsEntry("connection", "close");
        }
    }

    @Test
    void aChunkedBodyThatGrowsTooLargeIsRefused() throws IOException {
        try (RawHttp raw = connect()) {
            raw.send("POST " + CHAT + " HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n");
            final String piece = "10000\r\n" + "x".repeat(0x10000) + "\r\n";
            for (int i = 0; i < 20; i++) {
                raw.send(piece);
            }
            assertThat(raw.answer().status()).isEqualTo(413);
        }
    }

    @Test
    void aBigBodyIsTaken() throws IOException {
        final HttpResponse<String> response = cluster.post(CHAT, chat(",'ignored':'" + "y".repeat(900_000) + "'"));
        assertThat(response.statusCode()).isEqualTo(200);
    }

    @Test
    void headIsGetWithoutABodyAndTheConnectionGoesOn() throws IOException {
        try (RawHttp raw = connect()) {
            raw.send("HEAD /health HTTP/1.1\r\nhost: x\r\n\r\n" + RawHttp.get("/health"));
            final Answer head = raw.answer(false);
            assertThat(head.status()).isEqualTo(200);
            assertThat(head.headers()).containsEntry("content-length", "15");
            assertThat(raw.answer().body()).isEqualTo("{\"status\":\"ok\"}");
        }
    }

    @Test
    void preflightIsAnsweredForTheApiOnly() throws IOException {
        try (RawHttp raw = connect()) {
            raw.send("OPTIONS " + CHAT + " HTTP/1.1\r\nhost: x\r\norigin: http://a\r\naccess-control-request-method: POST\r\n"
                + "access-control-request-headers: authorization, x-run-id\r\n\r\n");
            final Answer answer = raw.answer();
            assertThat(answer.status()).isEqualTo(204);
            assertThat(answer.headers()).containsEntry("access-control-allow-origin", "*")
                .containsEntry("access-control-allow-headers", "authorization, x-run-id")
                .containsEntry("access-control-allow-methods", "POST, OPTIONS").doesNotContainKey("content-length");
            raw.send("OPTIONS /console/api/state HTTP/1.1\r\nhost: x\r\norigin: http://a\r\n\r\n");
            assertThat(raw.answer().headers()).doesNotContainKey("access-control-allow-origin");
        }
    }

    @Test
    void oldClientsGetAStreamThatEndsWithTheConnection() throws IOException {
        try (RawHttp raw = connect()) {
            final String body = chat(",'stream':true");
            raw.send("POST " + CHAT + " HTTP/1.0\r\nauthorization: Bearer sk-test\r\ncontent-length: " + body.length()
                + "\r\n\r\n" + body);
            final Answer answer = raw.answer();
            assertThat(answer.headers()).doesNotContainKey("transfer-encoding").containsEntry("connection", "close");
            assertThat(answer.body()).endsWith("data: [DONE]\n\n");
        }
    }

    @Test
    void brokenHttpIsRefused() throws IOException {
        try (RawHttp raw = connect()) {
            raw.send("GET / HTTP/1.1\r\nhost: x\r\ncontent-length: abc\r\n\r\n");
            assertThat(raw.answer().status()).isEqualTo(400);
            assertThat(raw.closedByServer()).isTrue();
        }
        try (RawHttp raw = connect()) {
            raw.send("GET /" + "x".repeat(20_000) + " HTTP/1.1\r\n\r\n");
            assertThat(raw.answer().status()).isEqualTo(413);
        }
        try (RawHttp raw = connect()) {
            raw.send("GET /%zz HTTP/1.1\r\nhost: x\r\n\r\n");
            assertThat(raw.answer().status()).isEqualTo(404);
        }
    }

    @Test
    void theClientsRequestIdComesBack() throws IOException {
        try (RawHttp raw = connect()) {
            raw.send("GET /health HTTP/1.1\r\nhost: x\r\nX-Client-Request-Id: abc-1\r\n\r\n"
                + "GET /health HTTP/1.1\r\nhost: x\r\nX-Request-Id: with space\r\n\r\n");
            assertThat(raw.answer().headers()).containsEntry("x-request-id", "abc-1");
            assertThat(raw.answer().headers().get("x-request-id")).startsWith("req_");
        }
    }

    @Test
    void aClientThatLeavesCancelsItsStream() throws Exception {
        cluster.line.script = request -> Script.of("hello").hanging();
        try (RawHttp raw = connect()) {
            raw.send(RawHttp.post(CHAT, chat(",'stream':true")));
            assertThat(raw.line()).contains("200");
        }
        assertThat(cluster.line.cancelled.await(5, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void aClientThatLeavesCancelsItsPlainRequest() throws Exception {
        cluster.line.script = request -> Script.of("hello").hanging();
        try (RawHttp raw = connect()) {
            raw.send(RawHttp.post(CHAT, chat("")));
            while (cluster.line.requests.isEmpty()) {
                Thread.onSpinWait();
            }
        }
        assertThat(cluster.line.cancelled.await(5, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void aClientThatReadsTooSlowlyLosesItsRequestAndNothingPilesUp() throws Exception {
        cluster.close();
        cluster = new TestCluster(new ChatService.Limits(50, TimeUnit.SECONDS.toNanos(15)), TimeUnit.MILLISECONDS.toNanos(300),
            GatewayConfig.ConsoleAccess.KEY);
        cluster.line.script = request -> Script.of("x".repeat(400)).hanging();
        try (RawHttp raw = connect()) {
            raw.socket.setReceiveBufferSize(1024);
            final StringBuilder many = new StringBuilder();
            for (int i = 0; i < 200; i++) {
                many.append(RawHttp.post(CHAT, chat(",'stream':true,'n':16,'logprobs':true,'top_logprobs':2")));
            }
            raw.send(many.toString());
            assertThat(cluster.line.cancelled.await(10, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void closingLetsRunningRequestsFinish() throws Exception {
        cluster.line.script = request -> Script.of("hello").hanging();
        try (RawHttp raw = connect(); RawHttp idle = connect()) {
            idle.send(RawHttp.get("/health"));
            assertThat(idle.answer().status()).isEqualTo(200);
            raw.send(RawHttp.post(CHAT, chat(",'stream':true,'stop':'hello'")));
            final CompletableFuture<Answer> answer = CompletableFuture.supplyAsync(() -> {
                try {
                    return raw.answer();
                } catch (final IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            });
            while (cluster.line.requests.isEmpty()) {
                Thread.onSpinWait();
            }
            final CompletableFuture<Void> closed = CompletableFuture.runAsync(cluster.gateway::close);
            assertThat(answer.get(5, TimeUnit.SECONDS).body()).endsWith("data: [DONE]\n\n");
            closed.get(5, TimeUnit.SECONDS);
            assertThatThrownBy(this::connect).isInstanceOf(IOException.class);
        }
    }

    @Test
    void aPortInUseIsOneClearLine() {
        assertThatThrownBy(() -> Gateway.start(GatewayConfig.on("127.0.0.1", cluster.gateway.port()),
            new Gateway.Parts(() -> cluster.view, id -> java.util.Optional.empty(), cluster.line, (model, usage) -> 0,
                () -> io.spillway.gateway.console.ConsoleSnapshot.empty(0), java.util.Random::new, System::nanoTime, () -> 0)))
            .isInstanceOf(SpillwayException.class).hasMessageContaining("cannot listen on 127.0.0.1:" + cluster.gateway.port());
    }
}
