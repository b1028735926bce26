package io.spillway.gateway;

import static io.spillway.gateway.TestCluster.chat;
import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.gateway.RawHttp2.Answer;
import io.spillway.gateway.RawHttp2.Frame;
import io.spillway.gateway.ScriptedLine.Script;
import io.spillway.gateway.chat.ChatService;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The same API over HTTP/2, with a client that sends frames by hand. */
class Http2Test {
    private static final String CHAT = "/v1/chat/completions";
    private static final int NO_ERROR = 0;
    private static final int PROTOCOL_ERROR = 1;
    private static final int REFUSED_STREAM = 7;
    private static final int ENHANCE_YOUR_CALM = 11;
    private static final int PRIORITY = 2;
    private TestCluster cluster;

    @BeforeEach
    void start() {
        cluster = new TestCluster();
    }

    @AfterEach
    void stop() {
        cluster.close();
    }

    private RawHttp2 connect(final int windowBytes) throws IOException {
        return new RawHttp2(cluster.gateway.port()).begin(windowBytes);
    }

    private RawHttp2 connect() throws IOException {
        return connect(1 << 20);
    }

    @Test
    void priorKnowledgeAnswersWholeAndInStreams() throws IOException {
        try (RawHttp2 raw = connect()) {
            raw.post(1, CHAT, chat(""));
            final Answer whole = raw.answer(1);
            assertThat(whole.status()).isEqualTo("200");
            assertThat(whole.body()).contains("hello");
            assertThat(whole.headers().get("x-request-id").toString()).startsWith("req_");
            assertThat(whole.headers().contains("connection")).isFalse();
            assertThat(whole.headers().contains("transfer-encoding")).isFalse();
            raw.post(3, CHAT, chat(",'stream':true"));
            assertThat(raw.answer(3).body()).endsWith("data: [DONE]\n\n");
            raw.headers(5, true, ":method", "HEAD", ":scheme", "http", ":path", "/health", ":authority", "x");
            final Answer head = raw.answer(5);
            assertThat(head.body()).isEmpty();
            assertThat(head.headers().get("content-length").toString()).isEqualTo("15");
            raw.get(7, "/nothing");
            assertThat(raw.answer(7).status()).isEqualTo("404");
        }
    }

    @Test
    void anUpgradeIsTakenAndABodyIsNoReasonToFail() throws Exception {
        try (HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_2).build()) {
            final HttpResponse<String> first = client.send(cluster.request("/v1/models").GET().build(), HttpResponse.BodyHandlers.ofString());
            assertThat(first.version()).isEqualTo(HttpClient.Version.HTTP_2);
            assertThat(first.body()).contains("bytes");
            final HttpResponse<String> second = client.send(cluster.request(CHAT)
                .POST(HttpRequest.BodyPublishers.ofString(chat(",'stream':true"))).build(), HttpResponse.BodyHandlers.ofString());
            assertThat(second.version()).isEqualTo(HttpClient.Version.HTTP_2);
            assertThat(second.body()).endsWith("data: [DONE]\n\n");
        }
        try (HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_2).build()) {
            final HttpResponse<String> post = client.send(cluster.request(CHAT)
                .POST(HttpRequest.BodyPublishers.ofString(chat(""))).build(), HttpResponse.BodyHandlers.ofString());
            assertThat(post.statusCode()).isEqualTo(200);
            assertThat(post.version()).isEqualTo(HttpClient.Version.HTTP_1_1);
        }
    }

    @Test
    void aStreamThatIsNotReadHoldsNoOther() throws IOException {
        cluster.line.script = request -> Script.of("x".repeat(400));
        try (RawHttp2 raw = connect(1000)) {
            raw.window(0, 1 << 20);
            raw.post(1, CHAT, chat(",'stream':true,'n':2"));
            raw.await(RawHttp2.DATA, 1);
            for (int stream = 3; stream < 23; stream += 2) {
                raw.post(stream, CHAT, chat(",'max_tokens':1"));
                assertThat(raw.answer(stream).status()).isEqualTo("200");
            }
            raw.window(1, 1 << 20);
            final StringBuilder rest = new StringBuilder();
            Frame frame = raw.await(RawHttp2.DATA, 1);
            while (!frame.ends()) {
                rest.append(frame.text());
                frame = raw.await(RawHttp2.DATA, 1);
            }
            assertThat(rest.toString()).endsWith("data: [DONE]\n\n");
        }
    }

    @Test
    void aResetStreamIsCancelledAndTheConnectionGoesOn() throws Exception {
        cluster.line.script = request -> Script.of("hello").hanging();
        try (RawHttp2 raw = connect()) {
            raw.post(1, CHAT, chat(",'stream':true"));
            raw.await(RawHttp2.DATA, 1);
            raw.reset(1);
            assertThat(cluster.line.cancelled.await(5, TimeUnit.SECONDS)).isTrue();
            raw.get(3, "/health");
            assertThat(raw.answer(3).body()).isEqualTo("{\"status\":\"ok\"}");
        }
    }

    @Test
    void expectContinueAndARefusalWhileTheBodyIsOnItsWay() throws IOException {
        try (RawHttp2 raw = connect()) {
            final String body = chat("");
            raw.headers(1, false, ":method", "POST", ":scheme", "http", ":path", CHAT, ":authority", "x", "expect", "100-continue",
                "authorization", "Bearer sk-test");
            assertThat(raw.await(RawHttp2.HEADERS, 1).headers().status()).hasToString("100");
            raw.send(RawHttp2.DATA, RawHttp2.END_STREAM, 1, body.getBytes(StandardCharsets.UTF_8));
            assertThat(raw.answer(1).body()).contains("hello");
            raw.headers(3, false, ":method", "POST", ":scheme", "http", ":path", CHAT, ":authority", "x", "content-length", "2000000");
            assertThat(raw.answer(3).status()).isEqualTo("413");
            assertThat(raw.await(RawHttp2.RESET, 3).code()).isEqualTo(NO_ERROR);
            raw.get(5, "/health");
            assertThat(raw.answer(5).status()).isEqualTo("200");
        }
    }

    @Test
    void moreStreamsThanAllowedAreRefusedAndTheRestAnswered() throws IOException {
        cluster.close();
        cluster = new TestCluster(config -> config.guarded(new io.spillway.gateway.http.HttpServerConfig.Guards(
            1_000_000_000L, 1_000_000_000L, 1024, 128, 4)));
        try (RawHttp2 raw = connect()) {
            final Map<Integer, Integer> resets = new HashMap<>();
            for (int stream = 1; stream < 13; stream += 2) {
                raw.get(stream, "/console/api/events");
            }
            while (resets.size() < 2) {
                final Frame frame = raw.read();
                if (frame.type() == RawHttp2.RESET) {
                    resets.put(frame.stream(), frame.code());
                }
            }
            assertThat(resets).isEqualTo(Map.of(9, REFUSED_STREAM, 11, REFUSED_STREAM));
            raw.reset(1);
            raw.get(13, "/health");
            assertThat(raw.answer(13).status()).isEqualTo("200");
        }
    }

    @Test
    void floodsEndTheConnection() throws IOException {
        try (RawHttp2 raw = connect()) {
            try {
                for (int i = 0; i < 2000; i++) {
                    raw.send(RawHttp2.PING, 0, 0, new byte[8]);
                }
            } catch (final java.net.SocketException e) {
                assertThat(e).as("closed while we were still sending").isNotNull();
            }
            assertThat(raw.closedByServer()).isTrue();
        }
        try (RawHttp2 raw = connect()) {
            try {
                for (int stream = 1; stream < 2000; stream += 2) {
                    raw.post(stream, CHAT, chat(",'stream':true"));
                    raw.reset(stream);
                }
            } catch (final java.net.SocketException e) {
                assertThat(e).as("closed while we were still sending").isNotNull();
            }
            assertThat(raw.closedByServer()).isTrue();
            assertThat(cluster.line.requests.size()).isLessThan(400);
        }
        assertThat(cluster.get("/health").statusCode()).isEqualTo(200);
    }

    @Test
    void aSettingsFloodIsToldToCalmDown() throws IOException {
        try (RawHttp2 raw = connect()) {
            for (int i = 0; i < 301; i++) {
                raw.send(RawHttp2.SETTINGS, 0, 0, new byte[0]);
            }
            assertThat(raw.await(RawHttp2.GOAWAY, 0).code()).isEqualTo(ENHANCE_YOUR_CALM);
            assertThat(raw.closedByServer()).isTrue();
        }
    }

    /** More than anybody needs who was sent one answer. */
    private void flood(final RawHttp2 raw, final int type, final byte[] payload) throws IOException {
        try {
            for (int i = 0; i < 3000; i++) {
                raw.send(type, 0, 1, payload);
            }
        } catch (final java.net.SocketException e) {
            assertThat(e).as("closed while we were still sending").isNotNull();
        }
    }

    @Test
    void floodsOfFramesThatAskForNothingEndTheConnection() throws Exception {
        cluster.line.script = request -> Script.of("hello").hanging();
        for (final byte[] payload : new byte[][] {{0, 0, 0, 1}, {0, 0, 0, 3, 7}}) {
            try (RawHttp2 raw = connect()) {
                raw.post(1, CHAT, chat(",'stream':true"));
                raw.await(RawHttp2.DATA, 1);
                flood(raw, payload.length == 4 ? RawHttp2.WINDOW_UPDATE : PRIORITY, payload);
                assertThat(raw.closedByServer()).isTrue();
            }
        }
        assertThat(cluster.get("/health").statusCode()).isEqualTo(200);
    }

    @Test
    void aFloodIsToldToCalmDown() throws IOException {
        try (RawHttp2 raw = connect()) {
            for (int i = 0; i < 101; i++) {
                raw.send(PRIORITY, 0, 1, new byte[] {0, 0, 0, 3, 7});
            }
            assertThat(raw.await(RawHttp2.GOAWAY, 0).code()).isEqualTo(ENHANCE_YOUR_CALM);
        }
        try (RawHttp2 raw = connect()) {
            for (int i = 0; i < 1001; i++) {
                raw.window(0, 1);
            }
            assertThat(raw.await(RawHttp2.GOAWAY, 0).code()).isEqualTo(ENHANCE_YOUR_CALM);
        }
    }

    @Test
    void aClientThatGivesBackEveryFrameByItselfIsNoFlood() throws IOException {
        cluster.close();
        cluster = new TestCluster(ChatService.Limits.USUAL, TimeUnit.SECONDS.toNanos(60), config -> config);
        cluster.view = TestCluster.view(1, 1 << 16);
        cluster.line.script = request -> Script.of("x".repeat(3000));
        try (RawHttp2 raw = connect(1 << 16)) {
            raw.post(1, CHAT, chat(",'stream':true"));
            int frames = 0;
            Frame frame = raw.await(RawHttp2.DATA, 1);
            while (!frame.ends()) {
                frames++;
                raw.window(0, frame.payload().length);
                raw.window(1, frame.payload().length);
                frame = raw.await(RawHttp2.DATA, 1);
            }
            assertThat(frames).isGreaterThan(1500);
            raw.get(3, "/live");
            assertThat(raw.answer(3).status()).isEqualTo("200");
        }
    }

    @Test
    void headersThatAreTooManyOrTooLongAreRefused() throws IOException {
        try (RawHttp2 raw = connect()) {
            final String[] fields = new String[2 * 200 + 8];
            System.arraycopy(new String[] {":method", "GET", ":scheme", "http", ":path", "/health", ":authority", "x"}, 0, fields, 0, 8);
            for (int i = 8; i < fields.length; i += 2) {
                fields[i] = "x-" + i;
                fields[i + 1] = "v";
            }
            raw.headers(1, true, fields);
            assertThat(raw.answer(1).status()).isEqualTo("413");
            final String[] few = java.util.Arrays.copyOf(fields, 48);
            for (int i = 9; i < few.length; i += 2) {
                few[i] = "v".repeat(4000);
            }
            final byte[] block = RawHttp2.block(few);
            raw.send(RawHttp2.HEADERS, RawHttp2.END_STREAM, 3, java.util.Arrays.copyOf(block, 16000));
            for (int at = 16000; at < block.length; at += 16000) {
                final int end = Math.min(block.length, at + 16000);
                raw.send(9, end == block.length ? RawHttp2.END_HEADERS : 0, 3, java.util.Arrays.copyOfRange(block, at, end));
            }
            assertThat(raw.await(RawHttp2.HEADERS, 3).headers().status()).hasToString("431");
        }
    }

    @Test
    void whatBreaksTheProtocolIsTold() throws IOException {
        try (RawHttp2 raw = connect()) {
            raw.headers(1, true, ":method", "GET", ":scheme", "http", ":path", "/health", ":authority", "x", "connection", "close");
            assertThat(raw.await(RawHttp2.RESET, 1).code()).isEqualTo(PROTOCOL_ERROR);
            raw.send(RawHttp2.DATA, 0, 0, new byte[3]);
            assertThat(raw.await(RawHttp2.GOAWAY, 0).code()).isEqualTo(PROTOCOL_ERROR);
            assertThat(raw.closedByServer()).isTrue();
        }
    }

    @Test
    void aHeadThatIsNoRequestIsResetAndNothingLeaks() throws IOException {
        try (ServerLog log = new ServerLog(); RawHttp2 raw = connect()) {
            final String[][] heads = {
                {":method", "GET", ":scheme", "http", ":authority", "x"},
                {":method", "GET", ":scheme", "http", ":path", "", ":authority", "x"},
                {":method", "GET", ":scheme", "http", ":path", "/a b", ":authority", "x"},
                {":method", "GET", ":scheme", "http", ":path", "/a\nb", ":authority", "x"},
                {":method", "G T", ":scheme", "http", ":path", "/", ":authority", "x"},
                {":scheme", "http", ":path", "/", ":authority", "x"},
                {":method", "CONNECT", ":authority", "x"},
                {":status", "200"},
                {"x", "y"}};
            for (int i = 0; i < heads.length; i++) {
                for (int last = 0; last < 2; last++) {
                    final int stream = 4 * i + 2 * last + 1;
                    raw.headers(stream, last == 1, heads[i]);
                    assertThat(raw.await(RawHttp2.RESET, stream).code()).as(String.join(" ", heads[i])).isEqualTo(PROTOCOL_ERROR);
                }
            }
            raw.headers(101, false, ":method", "POST", ":scheme", "http", ":path", CHAT, ":authority", "x");
            raw.headers(101, false, "trailer", "that is not the end");
            assertThat(raw.await(RawHttp2.RESET, 101).code()).isEqualTo(PROTOCOL_ERROR);
            raw.get(103, "/health");
            assertThat(raw.answer(103).status()).isEqualTo("200");
            assertThat(log.lines()).isEmpty();
        }
    }

    @Test
    void aDrainSaysGoAwayFinishesWhatRunsAndRefusesWhatComes() throws Exception {
        cluster.line.script = request -> Script.of("hello").hanging();
        try (RawHttp2 raw = connect(); RawHttp2 idle = connect()) {
            idle.get(1, "/health");
            assertThat(idle.answer(1).status()).isEqualTo("200");
            raw.post(1, CHAT, chat(",'stream':true,'max_tokens':5"));
            raw.await(RawHttp2.HEADERS, 1);
            final CompletableFuture<Void> closed = CompletableFuture.runAsync(cluster.gateway::close);
            final Frame first = raw.await(RawHttp2.GOAWAY, 0);
            assertThat(first.code()).isEqualTo(NO_ERROR);
            raw.get(3, "/v1/models");
            assertThat(raw.await(RawHttp2.HEADERS, 3).headers().status()).hasToString("503");
            raw.get(5, "/health");
            final Answer health = raw.answer(5);
            assertThat(health.status()).isEqualTo("503");
            assertThat(TestCluster.json(health.body()).path("status").asText()).isEqualTo("draining");
            assertThat(health.headers().get("retry-after")).hasToString("1");
            raw.get(7, "/live");
            assertThat(raw.answer(7).status()).isEqualTo("200");
            assertThat(idle.closedByServer()).isTrue();
            closed.get(10, TimeUnit.SECONDS);
        }
    }
}
