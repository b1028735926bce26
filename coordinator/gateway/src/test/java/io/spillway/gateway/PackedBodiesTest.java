package io.spillway.gateway;

import static io.spillway.gateway.TestCluster.chat;
import static org.assertj.core.api.Assertions.assertThat;

import com.aayushatharva.brotli4j.Brotli4jLoader;
import com.aayushatharva.brotli4j.decoder.BrotliInputStream;
import com.aayushatharva.brotli4j.encoder.BrotliOutputStream;
import com.github.luben.zstd.ZstdInputStream;
import com.github.luben.zstd.ZstdOutputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.InflaterInputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bodies packed by other people's streams, in both directions. */
class PackedBodiesTest {
    private static final String CHAT = "/v1/chat/completions";
    private static TestCluster cluster;

    @BeforeAll
    static void start() {
        assertThat(Brotli4jLoader.isAvailable()).isTrue();
        cluster = new TestCluster(config -> config.packingStreams(true));
        cluster.line.play("hello");
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    private static byte[] pack(final String coding, final String text) {
        final ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (OutputStream out = switch (coding) {
            case "gzip" -> new GZIPOutputStream(packed);
            case "deflate" -> new DeflaterOutputStream(packed);
            case "raw" -> new DeflaterOutputStream(packed, new Deflater(6, true));
            case "br" -> new BrotliOutputStream(packed);
            default -> new ZstdOutputStream(packed);
        }) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
        return packed.toByteArray();
    }

    private static String unpack(final String coding, final byte[] packed) throws IOException {
        final InputStream bytes = new ByteArrayInputStream(packed);
        try (InputStream in = switch (coding) {
            case "gzip" -> new GZIPInputStream(bytes);
            case "deflate" -> new InflaterInputStream(bytes);
            case "br" -> new BrotliInputStream(bytes);
            default -> new ZstdInputStream(bytes);
        }) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static HttpResponse<String> post(final String coding, final byte[] body) {
        return cluster.send(cluster.request(CHAT).header("content-encoding", coding)
            .POST(HttpRequest.BodyPublishers.ofByteArray(body)).build());
    }

    private static HttpResponse<byte[]> answer(final String accept, final String more) throws Exception {
        return cluster.http.send(cluster.request(CHAT).header("accept-encoding", accept)
            .POST(HttpRequest.BodyPublishers.ofString(chat(more))).build(), HttpResponse.BodyHandlers.ofByteArray());
    }

    @ParameterizedTest
    @ValueSource(strings = {"gzip", "deflate", "raw", "br", "zstd"})
    void aPackedRequestIsTaken(final String coding) {
        final HttpResponse<String> response = post("raw".equals(coding) ? "deflate" : coding, pack(coding, chat(",'user':'é'")));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        assertThat(response.body()).contains("hello");
    }

    @ParameterizedTest
    @ValueSource(strings = {"gzip", "deflate", "br", "zstd"})
    void aBombABrokenBodyAndAnUnknownCodingAreTheClientsFault(final String coding) throws Exception {
        final HttpResponse<String> bomb = post(coding, pack(coding, chat(",'x':'" + "y".repeat(TestCluster.BODY_BYTES_MAX) + "'")));
        assertThat(bomb.statusCode()).isEqualTo(413);
        assertThat(bomb.body()).contains("request_too_large");
        final byte[] broken = pack(coding, chat(""));
        broken[broken.length / 2] ^= 0x55;
        broken[broken.length / 2 + 1] ^= 0x55;
        assertThat(post(coding, broken).statusCode()).isEqualTo(400);
        assertThat(post("lz4", broken).statusCode()).isEqualTo(415);
        assertThat(post("lz4", broken).body()).contains("zstd, br, gzip, deflate");
        assertThat(cluster.send(HttpRequest.newBuilder(cluster.uri(CHAT)).header("content-encoding", coding)
            .POST(HttpRequest.BodyPublishers.ofByteArray(broken)).build()).statusCode()).as("no key, no work").isEqualTo(401);
        final long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(5);
        while (!cluster.get("/metrics").body().contains("spillway_http_bodies 0.0") && System.nanoTime() < deadline) {
            Thread.onSpinWait();
        }
        assertThat(cluster.get("/metrics").body()).contains("spillway_http_bodies 0.0");
    }

    @ParameterizedTest
    @ValueSource(strings = {"gzip", "deflate", "br", "zstd"})
    void aLongAnswerIsPackedForWhoAsks(final String coding) throws Exception {
        cluster.line.script = request -> ScriptedLine.Script.of("hello ".repeat(60)).by(30);
        final HttpResponse<byte[]> packed = answer(coding, ",'n':8");
        assertThat(packed.headers().firstValue("content-encoding")).hasValue(coding);
        assertThat(packed.headers().firstValue("vary")).hasValue("accept-encoding");
        final HttpResponse<byte[]> plain = answer("identity", ",'n':8");
        assertThat(plain.headers().firstValue("content-encoding")).isEmpty();
        assertThat(plain.headers().firstValue("vary")).hasValue("accept-encoding");
        assertThat(packed.body().length).isLessThan(plain.body().length / 2);
        assertThat(TestCluster.json(unpack(coding, packed.body())).at("/choices/7/message/content").asText())
            .isEqualTo("hello ".repeat(60));
    }

    @Test
    void aShortAnswerIsNot() throws Exception {
        cluster.line.play("hello");
        assertThat(answer("gzip", "").headers().firstValue("content-encoding")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"gzip", "deflate", "br", "zstd"})
    void aStreamIsPackedEventByEvent(final String coding) throws Exception {
        cluster.line.play("one two three four");
        final HttpResponse<byte[]> packed = answer(coding, ",'stream':true");
        assertThat(packed.headers().firstValue("content-encoding")).hasValue(coding);
        final HttpResponse<byte[]> plain = answer("identity", ",'stream':true");
        assertThat(packed.body().length).isLessThan(plain.body().length / 2);
        assertThat(TestCluster.events(unpack(coding, packed.body()))).hasSize(TestCluster.events(
            new String(plain.body(), StandardCharsets.UTF_8)).size()).last().isEqualTo("[DONE]");
    }
}
