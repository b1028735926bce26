package io.spillway.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import io.spillway.coordinator.state.Command;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.time.EpochClock;
import io.spillway.domain.time.NanoClock;
import io.spillway.gateway.batch.BatchLimits;
import io.spillway.gateway.chat.ChatService;
import io.spillway.gateway.console.ConsoleSnapshot;
import io.spillway.gateway.files.FileLimits;
import io.spillway.gateway.files.SharedDirectory;
import io.spillway.gateway.http.HttpServerConfig;
import io.spillway.gateway.http.Router.Route;
import io.spillway.gateway.openai.ApiKeys;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/** A gateway with files and batches over a scripted line, a log in memory and a directory of the test's. May be started again. */
final class BatchCluster implements AutoCloseable {
    static final String KEY = TestCluster.KEY;
    static final String RIVAL_KEY = "sk-rival";
    static final TenantId TENANT = new TenantId("acme");
    static final FileLimits FILES = new FileLimits(1 << 20, 50, 4 << 20);
    private static final long DEADLINE_NANOS = TimeUnit.SECONDS.toNanos(30);

    final ScriptedLine line = new ScriptedLine();
    final AtomicLong aheadMillis = new AtomicLong();
    final EpochClock clock = () -> EpochClock.SYSTEM.epochMillis() + aheadMillis.get();
    final MemoryLog log = new MemoryLog(clock);
    final AtomicReference<SpillwayException> mismatch = new AtomicReference<>();
    final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    final Path directory;
    private final List<OpenAIClient> clients = new ArrayList<>();
    private Gateway gateway;

    BatchCluster(final Path directory) {
        this.directory = directory;
        log.propose("t1", new Command.CreateTenant(TENANT, new byte[32]));
        log.propose("t2", new Command.CreateTenant(new TenantId("rival"), new byte[32]));
        log.propose("k1", new Command.CreateApiKey(TENANT, ApiKeys.hash(KEY), "test"));
        log.propose("k2", new Command.CreateApiKey(new TenantId("rival"), ApiKeys.hash(RIVAL_KEY), "test"));
        log.propose("n1", new Command.RegisterNode(
            TestCluster.view(1).members().firstEntry().getValue().descriptor(), Long.MAX_VALUE / 4));
        start(directory);
        awaitFiles();
    }

    void start(final Path where) {
        final HttpServerConfig config = new HttpServerConfig("127.0.0.1", 0, 2, 1 << 18, 8L << 20, 64,
            TimeUnit.SECONDS.toNanos(30), TimeUnit.SECONDS.toNanos(60), TimeUnit.SECONDS.toNanos(2));
        gateway = Gateway.start(
            new GatewayConfig(config, ChatService.Limits.USUAL, GatewayConfig.ConsoleAccess.LOCAL_OR_KEY, Map.of()),
            new Gateway.Parts(log::view, id -> id.value().equals("bytes") ? Optional.of(new ByteModel()) : Optional.empty(), line,
                (model, usage) -> 20L * usage.outputTokens(), () -> ConsoleSnapshot.empty(0), Random::new, NanoClock.SYSTEM, clock,
                Optional.of(new Gateway.Shared(log, SharedDirectory.open(where, "mark-" + new Random().nextLong()), FILES,
                    new BatchLimits(500, 1 << 16, 4, 8, TimeUnit.MILLISECONDS.toNanos(10), TimeUnit.MILLISECONDS.toNanos(5)),
                    (model, usage) -> 10L * usage.outputTokens(), mismatch::set)), Optional.of(log)));
    }

    /** Files are served once the log has confirmed where they are. */
    private void awaitFiles() {
        final long until = System.nanoTime() + DEADLINE_NANOS;
        while (get("/v1/files").statusCode() == 503) {
            assertThat(System.nanoTime() - until).as("files are served in time").isNegative();
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
    }

    /** @return every route that the gateway serves */
    List<Route> routes() {
        return gateway.routes();
    }

    void stop() {
        gateway.close();
    }

    int port() {
        return gateway.port();
    }

    OpenAIClient client(final String key) {
        final OpenAIClient client = OpenAIOkHttpClient.builder().baseUrl("http://127.0.0.1:" + gateway.port() + "/v1")
            .apiKey(key).maxRetries(0).build();
        clients.add(client);
        return client;
    }

    HttpRequest.Builder request(final String path, final String key) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + gateway.port() + path)).header("authorization", "Bearer " + key);
    }

    HttpResponse<String> send(final HttpRequest.Builder request) {
        try {
            return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
        } catch (final IOException e) {
            throw new java.io.UncheckedIOException(e);
        } catch (final InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    HttpResponse<String> get(final String path) {
        return send(request(path, KEY).GET());
    }

    HttpResponse<String> post(final String path, final String body) {
        return send(request(path, KEY).POST(HttpRequest.BodyPublishers.ofString(body.replace('\'', '"'))));
    }

    /** @return a form with these parts: each its headers' rest and its content */
    static String form(final String boundary, final String... parts) {
        final StringBuilder form = new StringBuilder();
        for (int i = 0; i < parts.length; i += 2) {
            form.append("--").append(boundary).append("\r\nContent-Disposition: form-data; ").append(parts[i]).append("\r\n\r\n")
                .append(parts[i + 1]).append("\r\n");
        }
        return form.append("--").append(boundary).append("--\r\n").toString();
    }

    HttpResponse<String> upload(final String key, final String... parts) {
        return send(request("/v1/files", key).header("content-type", "multipart/form-data; boundary=x-y-z")
            .POST(HttpRequest.BodyPublishers.ofString(form("x-y-z", parts))));
    }

    /** @return the id of a new file of that content */
    String file(final String purpose, final String content) {
        final HttpResponse<String> answer =
            upload(KEY, "name=\"purpose\"", purpose, "name=\"file\"; filename=\"in.jsonl\"", content);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        return TestCluster.json(answer.body()).path("id").asText();
    }

    /** @return one line of an input */
    static String input(final String customId, final String content) {
        return ("{'custom_id':'" + customId + "','method':'POST','url':'/v1/chat/completions','body':{'model':'bytes','messages':"
            + "[{'role':'user','content':'" + content + "'}]}}\n").replace('\'', '"');
    }

    static String inputs(final int count) {
        final StringBuilder lines = new StringBuilder();
        for (int i = 0; i < count; i++) {
            lines.append(input("c" + i, "hello " + i));
        }
        return lines.toString();
    }

    /** @return the new batch */
    JsonNode batch(final String file) {
        final HttpResponse<String> answer = post("/v1/batches", "{'input_file_id':'" + file
            + "','endpoint':'/v1/chat/completions','completion_window':'24h','metadata':{'team':'x'}}");
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        return TestCluster.json(answer.body());
    }

    JsonNode batchNow(final String id) {
        return TestCluster.json(get("/v1/batches/" + id).body());
    }

    JsonNode await(final String id, final java.util.function.Predicate<JsonNode> expected) {
        final long until = System.nanoTime() + DEADLINE_NANOS;
        JsonNode batch = batchNow(id);
        while (!expected.test(batch)) {
            assertThat(System.nanoTime() - until).as("in time; last seen: " + batch).isNegative();
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
            batch = batchNow(id);
        }
        return batch;
    }

    JsonNode awaitStatus(final String id, final String status) {
        return await(id, batch -> batch.path("status").asText().equals(status));
    }

    /** @return the lines of a file; none when there is no such id */
    List<JsonNode> lines(final JsonNode fileId) {
        return fileId.isMissingNode() ? List.of()
            : get("/v1/files/" + fileId.asText() + "/content").body().lines().map(TestCluster::json).toList();
    }

    /** A spooled body goes when its handler has returned, which may be just after the answer has come. */
    void assertNothingIsLeftInUploads() throws IOException {
        final long until = System.nanoTime() + DEADLINE_NANOS;
        while (!leftInUploads().isEmpty()) {
            assertThat(System.nanoTime() - until).as("left behind: " + leftInUploads()).isNegative();
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
    }

    private List<String> leftInUploads() throws IOException {
        try (Stream<Path> files = Files.list(directory.resolve("uploads"))) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }

    @Override
    public void close() {
        clients.forEach(OpenAIClient::close);
        http.close();
        gateway.close();
    }
}
