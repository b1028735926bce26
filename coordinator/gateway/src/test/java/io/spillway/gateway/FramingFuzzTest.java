package io.spillway.gateway;

import static io.spillway.gateway.TestCluster.chat;
import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.gateway.http.HttpServerConfig;
import io.spillway.gateway.http.HttpServerConfig.Guards;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Broken HTTP over real sockets: requests of every kind, mutated. Each connection must end by itself, no answer may be our fault,
 * nothing may be logged as ours, no buffer may leak, and the server must answer as ever afterwards.
 */
class FramingFuzzTest {
    private static final int CLIENTS = 96;
    private static final int HANG_MILLIS = 20_000;
    private static final Pattern STATUS = Pattern.compile("(?m)^HTTP/1\\.1 (\\d{3}) ");
    private static final List<String> TOKENS = List.of("\r\n", "\n", "\r", "\0", " ", "\t", ":", ";", ",", "0\r\n\r\n", "\r\n\r\n",
        "Content-Length: 5\r\n", "Content-Length: 99999999999\r\n", "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: gzip\r\n",
        "Connection: close\r\n", "Expect: 100-continue\r\n", "Upgrade: h2c\r\n", "Content-Encoding: gzip\r\n", "Host: y\r\n",
        "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "ffffffff\r\n", "-1", "%00", "\u00ff\u00fe", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "x".repeat(70_000),
        "a: b\r\n".repeat(200));

    private final Map<String, AtomicInteger> outcomes = new ConcurrentHashMap<>();
    private final AtomicReference<String> wrong = new AtomicReference<>();

    @Test
    void brokenHttpHarmsNobody() throws Exception {
        fuzz(2_000, 20_261);
    }

    /** {@code -Dtest.excluded=none -Dgroups=slow}; prints what came of it. */
    @Test
    @Tag("slow")
    void muchBrokenHttpHarmsNobody() throws Exception {
        fuzz(40_000, 4_711);
        System.out.println("fuzz: " + new TreeMap<>(outcomes));
    }

    private static HttpServerConfig hasty(final HttpServerConfig usual) {
        final Guards guards = new Guards(150_000_000L, 150_000_000L, 1 << 20, 128, 128);
        return new HttpServerConfig(usual.host(), 0, 2, 1 << 20, 64L << 20, 1_000, 300_000_000L, usual.stallNanos(),
            usual.drainNanos(), guards, Optional.empty(), true);
    }

    private void fuzz(final int cases, final long seed) throws Exception {
        try (ServerLog log = new ServerLog(); TestCluster cluster = new TestCluster(FramingFuzzTest::hasty)) {
            cluster.line.play("hello");
            final List<byte[]> corpus = corpus();
            final AtomicInteger next = new AtomicInteger();
            final List<Thread> clients = new ArrayList<>();
            for (int client = 0; client < CLIENTS; client++) {
                clients.add(Thread.ofVirtual().start(() -> {
                    for (int i = next.getAndIncrement(); i < cases && wrong.get() == null; i = next.getAndIncrement()) {
                        send(cluster.gateway.port(), mutated(corpus, new Random(seed + i)), seed + i);
                    }
                }));
            }
            for (final Thread client : clients) {
                client.join();
            }
            assertThat(wrong.get()).isNull();
            assertThat(cluster.get("/health").statusCode()).isEqualTo(200);
            assertThat(cluster.post("/v1/chat/completions", chat("")).statusCode()).isEqualTo(200);
            await(() -> cluster.line.running.get() == 0);
            await(() -> cluster.get("/metrics").body().contains("spillway_http_bodies 0.0"));
            assertThat(outcomes.keySet()).as("the fuzz reaches answers and refusals").contains("200", "400", "408", "413");
            assertThat(log.lines()).isEmpty();
        }
    }

    private static void await(final java.util.function.BooleanSupplier condition) {
        final long deadline = System.nanoTime() + 10_000_000_000L;
        while (!condition.getAsBoolean() && System.nanoTime() < deadline) {
            Thread.onSpinWait();
        }
        assertThat(condition.getAsBoolean()).isTrue();
    }

    private static List<byte[]> corpus() {
        final List<byte[]> corpus = new ArrayList<>();
        final String chat = chat(",'max_tokens':3");
        final String get = RawHttp.get("/health");
        final String chunked = "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer sk-test\r\ntransfer-encoding: chunked\r\n\r\n"
            + Integer.toHexString(chat.length()) + ";x=y\r\n" + chat + "\r\n0\r\nt: u\r\n\r\n";
        for (final String text : List.of(get, RawHttp.post("/v1/chat/completions", chat),
            RawHttp.post("/v1/chat/completions", chat(",'stream':true,'max_tokens':3")), chunked, get + chunked + get,
            "HEAD /health HTTP/1.0\r\nconnection: keep-alive\r\n\r\n", "OPTIONS * HTTP/1.1\r\nhost: x\r\norigin: http://a\r\n\r\n",
            "POST /v1/completions HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n{}",
            "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer sk-test\r\ncontent-encoding: br\r\ncontent-length: 4\r\n\r\nabcd",
            "GET /health HTTP/1.1\r\nhost: x\r\nconnection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
            "GET http://x/v1/models?a=%41 HTTP/1.1\r\nhost: x\r\naccept-encoding: gzip;q=0.5, br\r\nauthorization: Bearer sk-test\r\n\r\n")) {
            corpus.add(text.getBytes(StandardCharsets.ISO_8859_1));
        }
        corpus.add(http2(chat));
        corpus.add(http2(chat));
        return corpus;
    }

    private static byte[] http2(final String chat) {
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes(RawHttp2.PREFACE.getBytes(StandardCharsets.US_ASCII));
        frame(bytes, RawHttp2.SETTINGS, 0, 0, new byte[0]);
        frame(bytes, RawHttp2.HEADERS, RawHttp2.END_HEADERS | RawHttp2.END_STREAM, 1,
            RawHttp2.block(":method", "GET", ":scheme", "http", ":path", "/health", ":authority", "x"));
        frame(bytes, RawHttp2.HEADERS, RawHttp2.END_HEADERS, 3, RawHttp2.block(":method", "POST", ":scheme", "http", ":path",
            "/v1/chat/completions", ":authority", "x", "authorization", "Bearer sk-test"));
        frame(bytes, RawHttp2.PING, 0, 0, new byte[8]);
        frame(bytes, RawHttp2.DATA, RawHttp2.END_STREAM, 3, chat.getBytes(StandardCharsets.UTF_8));
        frame(bytes, RawHttp2.WINDOW_UPDATE, 0, 0, new byte[] {0, 0, 1, 0});
        frame(bytes, RawHttp2.RESET, 0, 3, new byte[] {0, 0, 0, 8});
        return bytes.toByteArray();
    }

    private static void frame(final ByteArrayOutputStream bytes, final int type, final int flags, final int stream, final byte[] payload) {
        bytes.writeBytes(ByteBuffer.allocate(9).put((byte) (payload.length >> 16)).putShort((short) payload.length).put((byte) type)
            .put((byte) flags).putInt(stream).array());
        bytes.writeBytes(payload);
    }

    private static byte[] mutated(final List<byte[]> corpus, final Random random) {
        byte[] bytes = corpus.get(random.nextInt(corpus.size()));
        for (int times = random.nextInt(4); times >= 0; times--) {
            final int at = random.nextInt(bytes.length + 1);
            final int end = Math.min(bytes.length, at + random.nextInt(40));
            bytes = switch (random.nextInt(6)) {
                case 0 -> flipped(bytes, Math.min(at, bytes.length - 1), random);
                case 1 -> joined(bytes, at, new byte[0], end);
                case 2 -> joined(bytes, at, TOKENS.get(random.nextInt(TOKENS.size())).getBytes(StandardCharsets.ISO_8859_1), at);
                case 3 -> joined(bytes, end, Arrays.copyOfRange(bytes, at, end), end);
                case 4 -> joined(bytes, at, corpus.get(random.nextInt(corpus.size())), bytes.length);
                default -> joined(bytes, at, noise(random), at);
            };
            if (bytes.length == 0) {
                return new byte[] {'\r'};
            }
        }
        return bytes;
    }

    private static byte[] flipped(final byte[] bytes, final int at, final Random random) {
        final byte[] other = bytes.clone();
        other[at] ^= (byte) (1 << random.nextInt(8));
        return other;
    }

    private static byte[] noise(final Random random) {
        final byte[] noise = new byte[1 + random.nextInt(16)];
        random.nextBytes(noise);
        return noise;
    }

    private static byte[] joined(final byte[] bytes, final int headEnd, final byte[] middle, final int tailStart) {
        return ByteBuffer.allocate(headEnd + middle.length + bytes.length - tailStart).put(bytes, 0, headEnd).put(middle)
            .put(bytes, tailStart, bytes.length - tailStart).array();
    }

    private void send(final int port, final byte[] bytes, final long seed) {
        final ByteArrayOutputStream answer = new ByteArrayOutputStream();
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.setSoTimeout(HANG_MILLIS);
            final int half = (int) (seed % (bytes.length + 1));
            socket.getOutputStream().write(bytes, 0, half);
            socket.getOutputStream().write(bytes, half, bytes.length - half);
            socket.getInputStream().transferTo(answer);
            judge(answer, seed);
        } catch (final SocketTimeoutException e) {
            wrong.compareAndSet(null, "seed " + seed + " hangs: " + answer.toString(StandardCharsets.ISO_8859_1));
        } catch (final SocketException e) {
            judge(answer, seed);
            count("reset");
        } catch (final IOException e) {
            wrong.compareAndSet(null, "seed " + seed + ": " + e);
        }
    }

    private void judge(final ByteArrayOutputStream answer, final long seed) {
        final Matcher statuses = STATUS.matcher(answer.toString(StandardCharsets.ISO_8859_1));
        boolean any = false;
        while (statuses.find()) {
            any = true;
            count(statuses.group(1));
            if (statuses.group(1).startsWith("5")) {
                wrong.compareAndSet(null, "seed " + seed + " is answered " + answer.toString(StandardCharsets.ISO_8859_1));
            }
        }
        if (!any) {
            count(answer.size() == 0 ? "closed" : "frames");
        }
    }

    private void count(final String outcome) {
        outcomes.computeIfAbsent(outcome, key -> new AtomicInteger()).incrementAndGet();
    }
}
