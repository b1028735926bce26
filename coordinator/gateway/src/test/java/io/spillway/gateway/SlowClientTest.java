package io.spillway.gateway;

import static io.spillway.gateway.TestCluster.chat;
import static io.spillway.gateway.TestCluster.json;
import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.gateway.RawHttp.Answer;
import io.spillway.gateway.http.HttpServerConfig.Guards;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Clients that send a byte now and then, to hold what they can. */
class SlowClientTest {
    private static final String CHAT = "/v1/chat/completions";
    private static TestCluster cluster;

    @BeforeAll
    static void start() {
        cluster = new TestCluster(config -> config.guarded(new Guards(
            TimeUnit.MILLISECONDS.toNanos(200), TimeUnit.MILLISECONDS.toNanos(200), 1 << 20, 128, 128)));
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    private static void refused(final RawHttp raw) throws IOException {
        final Answer answer = raw.answer();
        assertThat(answer.status()).isEqualTo(408);
        assertThat(json(answer.body()).at("/error/code").asText()).isEqualTo("request_timeout");
        assertThat(answer.headers()).containsEntry("connection", "close");
        assertThat(answer.headers()).containsEntry("x-should-retry", "true");
        assertThat(raw.closedByServer()).isTrue();
    }

    @Test
    void aHeadThatNeverEnds() throws IOException {
        try (RawHttp raw = new RawHttp(cluster.gateway.port())) {
            raw.send("GET /health HTTP/1.1\r\nhost: x\r\nx: y");
            refused(raw);
        }
        try (RawHttp raw = new RawHttp(cluster.gateway.port())) {
            raw.send(RawHttp.get("/health"));
            assertThat(raw.answer().status()).isEqualTo(200);
            raw.send("G");
            refused(raw);
        }
    }

    @Test
    void emptyLinesBeforeAHeadThatNeverComes() throws IOException {
        try (RawHttp raw = new RawHttp(cluster.gateway.port())) {
            raw.send("\r\n\r\n");
            refused(raw);
        }
    }

    @Test
    void aBodyThatComesTooSlowly() throws IOException {
        try (RawHttp raw = new RawHttp(cluster.gateway.port())) {
            raw.send("POST " + CHAT + " HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n{");
            refused(raw);
        }
        try (RawHttp raw = new RawHttp(cluster.gateway.port())) {
            raw.send("POST " + CHAT + " HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{");
            refused(raw);
        }
        assertThat(cluster.get("/metrics").body()).contains("spillway_http_bodies 0.0");
    }

    @Test
    void aClientThatSaysNothingIsLeft() throws IOException {
        try (RawHttp raw = new RawHttp(cluster.gateway.port()); RawHttp half = new RawHttp(cluster.gateway.port())) {
            half.send("PRI * HTTP/2.0\r\n");
            assertThat(raw.closedByServer()).isTrue();
            assertThat(half.closedByServer()).isTrue();
        }
    }

    @Test
    void aSlowBodyOverHttp2CostsItsStreamOnly() throws IOException {
        try (RawHttp2 raw = new RawHttp2(cluster.gateway.port()).begin(1 << 20)) {
            raw.headers(1, false, ":method", "POST", ":scheme", "http", ":path", CHAT, ":authority", "x", "authorization", "Bearer sk-test");
            raw.send(RawHttp2.DATA, 0, 1, "{".getBytes(StandardCharsets.UTF_8));
            assertThat(raw.answer(1).status()).isEqualTo("408");
            raw.post(3, CHAT, chat(""));
            assertThat(raw.answer(3).status()).isEqualTo("200");
        }
    }

    @Test
    void waitingForOurContinueIsNotSlow() throws Exception {
        cluster.line.script = request -> ScriptedLine.Script.of("hello").hanging();
        final String body = chat("");
        try (RawHttp raw = new RawHttp(cluster.gateway.port())) {
            raw.send(RawHttp.post(CHAT, chat(",'stream':true,'stop':'zzz'")));
            raw.send("POST " + CHAT + " HTTP/1.1\r\nhost: x\r\nauthorization: Bearer sk-test\r\nexpect: 100-continue\r\ncontent-length: "
                + body.length() + "\r\n\r\n");
            try (RawHttp other = new RawHttp(cluster.gateway.port())) {
                other.send("G");
                refused(other);
            }
            assertThat(raw.line()).as("the first is still answered, the second not refused").contains("200");
        } finally {
            cluster.line.play("hello");
        }
    }
}
