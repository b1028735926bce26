package io.spillway.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.gateway.RawHttp.Answer;
import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Heads and chunks that two readers may read differently are refused, and nothing after them is answered. */
class FramingTest {
    private static final String SMUGGLED = "GET /health HTTP/1.1\r\nhost: x\r\n\r\n";
    private static TestCluster cluster;

    @BeforeAll
    static void start() {
        cluster = new TestCluster();
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    static Stream<Arguments> ambiguous() {
        final String post = "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n";
        return Stream.of(
            Arguments.of("two lengths that differ", post + "content-length: 0\r\ncontent-length: 5\r\n\r\n"),
            Arguments.of("two lengths that are equal", post + "content-length: 0\r\ncontent-length: 0\r\n\r\n"),
            Arguments.of("a list of lengths", post + "content-length: 0, 0\r\n\r\n"),
            Arguments.of("length and chunks", post + "content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
            Arguments.of("chunks and length", post + "transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n"),
            Arguments.of("a signed length", post + "content-length: +0\r\n\r\n"),
            Arguments.of("a negative length", post + "content-length: -1\r\n\r\n"),
            Arguments.of("a hexadecimal length", post + "content-length: 0x0\r\n\r\n"),
            Arguments.of("a length beyond all numbers", post + "content-length: 99999999999999999999\r\n\r\n"),
            Arguments.of("an empty length", post + "content-length:\r\n\r\n"),
            Arguments.of("a coding before chunks", post + "transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
            Arguments.of("chunks twice", post + "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
            Arguments.of("chunks, but not last", post + "transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
            Arguments.of("an unknown coding", post + "transfer-encoding: xchunked\r\n\r\n0\r\n\r\n"),
            Arguments.of("a coding with a vertical tab", post + "transfer-encoding: \u000bchunked\r\n\r\n0\r\n\r\n"),
            Arguments.of("chunks in HTTP/1.0", "POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
            Arguments.of("a space before the colon", post + "content-length : 0\r\n\r\n"),
            Arguments.of("a folded line", post + "x-a: b\r\n c\r\ncontent-length: 0\r\n\r\n"),
            Arguments.of("a folded line by tab", post + "x-a: b\r\n\tcontent-length: 5\r\ncontent-length: 0\r\n\r\n"),
            Arguments.of("a folded first line", "GET /health HTTP/1.1\r\n host: x\r\nhost: x\r\n\r\n"),
            Arguments.of("a bare line feed after the request line", "GET /health HTTP/1.1\nhost: x\r\n\r\n"),
            Arguments.of("a bare line feed after a header", "GET /health HTTP/1.1\r\nhost: x\nx: y\r\n\r\n"),
            Arguments.of("a bare line feed at the end", "GET /health HTTP/1.1\r\nhost: x\r\n\n"),
            Arguments.of("a bare carriage return", "GET /health HTTP/1.1\r\nhost: x\rx: y\r\n\r\n"),
            Arguments.of("a carriage return in the request line", "GET\r/health HTTP/1.1\r\nhost: x\r\n\r\n"),
            Arguments.of("a tab in the request line", "GET\t/health HTTP/1.1\r\nhost: x\r\n\r\n"),
            Arguments.of("a zero byte in a header", "GET /health HTTP/1.1\r\nhost: x\r\nx: a\0b\r\n\r\n"),
            Arguments.of("a header without colon", "GET /health HTTP/1.1\r\nhost: x\r\nnothing\r\n\r\n"),
            Arguments.of("a header without name", "GET /health HTTP/1.1\r\nhost: x\r\n: y\r\n\r\n"),
            Arguments.of("no host", "GET /health HTTP/1.1\r\n\r\n"),
            Arguments.of("two hosts", "GET /health HTTP/1.1\r\nhost: x\r\nhost: y\r\n\r\n"),
            Arguments.of("a host with a path", "GET /health HTTP/1.1\r\nhost: x/y\r\n\r\n"),
            Arguments.of("another version", "GET /health HTTP/2.0\r\nhost: x\r\n\r\n"),
            Arguments.of("no version", "GET /health\r\nhost: x\r\n\r\n"),
            Arguments.of("a target that is no path", "GET health HTTP/1.1\r\nhost: x\r\n\r\n"),
            Arguments.of("a chunk size of nothing", post + "transfer-encoding: chunked\r\n\r\n;a=b\r\n\r\n0\r\n\r\n"),
            Arguments.of("a chunk size that is no number", post + "transfer-encoding: chunked\r\n\r\nzz\r\n\r\n0\r\n\r\n"),
            Arguments.of("a chunk size beyond all numbers", post + "transfer-encoding: chunked\r\n\r\nffffffffffffffff1\r\n"),
            Arguments.of("a signed chunk size", post + "transfer-encoding: chunked\r\n\r\n+0\r\n\r\n"),
            Arguments.of("a chunk that is longer than it says", post + "transfer-encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n"),
            Arguments.of("a bare line feed after a chunk size", post + "transfer-encoding: chunked\r\n\r\n1\nA\r\n0\r\n\r\n"),
            Arguments.of("a bare line feed in a chunk extension", post + "transfer-encoding: chunked\r\n\r\n1;a\nb\r\nA\r\n0\r\n\r\n"),
            Arguments.of("a bare line feed after a chunk", post + "transfer-encoding: chunked\r\n\r\n1\r\nA\n0\r\n\r\n"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("ambiguous")
    void isRefusedAndTheConnectionEnds(final String name, final String bytes) throws IOException {
        try (RawHttp raw = new RawHttp(cluster.gateway.port())) {
            raw.send(bytes + SMUGGLED);
            final Answer answer = raw.answer();
            assertThat(answer.status()).isEqualTo(400);
            assertThat(answer.headers()).containsEntry("connection", "close");
            assertThat(raw.closedByServer()).as("nothing was smuggled").isTrue();
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("ambiguous")
    void isRefusedToByteByByte(final String name, final String bytes) throws IOException {
        try (RawHttp raw = new RawHttp(cluster.gateway.port())) {
            try {
                for (final byte b : (bytes + SMUGGLED).getBytes(java.nio.charset.StandardCharsets.UTF_8)) {
                    raw.socket.getOutputStream().write(b);
                }
            } catch (final java.net.SocketException e) {
                assertThat(e).as("refused before all was sent").isNotNull();
            }
            assertThat(raw.answer().status()).isEqualTo(400);
        } catch (final java.net.SocketException e) {
            assertThat(e).as("refused, and closed over unread bytes").isNotNull();
        }
    }

    @Test
    void whatIsOnlyUnusualIsTaken() throws IOException {
        try (RawHttp raw = new RawHttp(cluster.gateway.port())) {
            raw.send("\r\n\r\nGET http://elsewhere/health?a=b HTTP/1.1\r\nhost: x\r\n\r\n");
            assertThat(raw.answer().body()).isEqualTo("{\"status\":\"ok\"}");
            raw.send("OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n");
            assertThat(raw.answer().headers()).containsKey("allow");
            raw.send("get /health HTTP/1.1\r\nhost:\r\n\r\n");
            assertThat(raw.answer().status()).isEqualTo(405);
            raw.send("GET /health HTTP/1.1\r\nHost: [::1]:80\r\ncontent-length: 3\r\n\r\nabcGET /health HTTP/1.1\r\nhost: x\r\n\r\n");
            assertThat(raw.answer().status()).isEqualTo(200);
            assertThat(raw.answer().status()).isEqualTo(200);
            raw.send("GET /health HTTP/1.1\r\nhost: x\r\ntransfer-encoding: Chunked\r\n\r\n1;name=\"value\"\r\nA\r\n0\r\ntrailer: x\r\n\r\n");
            assertThat(raw.answer().status()).isEqualTo(200);
            raw.send("GET /health HTTP/1.0\r\nconnection: keep-alive\r\n\r\n");
            assertThat(raw.answer().headers()).containsEntry("connection", "keep-alive");
            raw.send("GET /health HTTP/1.0\r\n\r\n");
            assertThat(raw.answer().headers()).containsEntry("connection", "close");
            assertThat(raw.closedByServer()).isTrue();
        }
    }

    @Test
    void tooManyHeadersAreRefused() throws IOException {
        try (RawHttp raw = new RawHttp(cluster.gateway.port())) {
            raw.send("GET /health HTTP/1.1\r\nhost: x\r\n" + "x: y\r\n".repeat(128) + "\r\n");
            assertThat(raw.answer().status()).isEqualTo(413);
        }
        try (RawHttp raw = new RawHttp(cluster.gateway.port())) {
            raw.send("GET /health HTTP/1.1\r\nhost: x\r\n" + ("x: " + "y".repeat(60) + "\r\n").repeat(1500) + "\r\n");
            assertThat(raw.answer().status()).isEqualTo(413);
        }
    }
}
