package io.spillway.systemtest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.spillway.bench.cluster.CommandLineCluster;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.sdk.SpillwayClient;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Keys from the command line to every replica and over a restart; and that neither keys nor prompts are in any log of a real cluster. */
class SecurityTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String MARK = "Zanzibar4711";
    /** Where the local cluster's own key is kept, readable by its owner only. */
    private static final Set<String> KEY_FILES = Set.of("api-key", "run.json");
    private static final Duration EVERYWHERE = Duration.ofSeconds(20);

    private static CommandLineCluster cluster;
    private static HttpClient http;
    private static final List<String> SECRETS = new ArrayList<>();

    @BeforeAll
    static void start() throws Exception {
        cluster = CommandLineCluster.start("--processes");
        http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        SECRETS.add(cluster.apiKey());
    }

    @AfterAll
    static void stop() throws Exception {
        http.close();
        cluster.close();
    }

    private static String root(final String coordinator) {
        return "http://" + cluster.config(coordinator).at("/http/listen").asText();
    }

    private static HttpRequest.Builder request(final String coordinator, final String path, final String key) {
        return HttpRequest.newBuilder(URI.create(root(coordinator) + path)).header("Authorization", "Bearer " + key)
            .header("Content-Type", "application/json").timeout(Duration.ofSeconds(60));
    }

    private static HttpResponse<String> send(final HttpRequest.Builder request) throws Exception {
        return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    private static int models(final String coordinator, final String key) throws Exception {
        return send(request(coordinator, "/v1/models", key)).statusCode();
    }

    private static JsonNode keyMade(final String... command) throws Exception {
        final JsonNode key = JSON.readTree(cluster.command(command));
        SECRETS.add(key.path("secret").asText());
        return key;
    }

    /** @return milliseconds until every replica answered a call with that key with that status */
    private static long awaitEverywhere(final String key, final int status) throws Exception {
        final long startNanos = System.nanoTime();
        for (final String coordinator : cluster.names("coordinator")) {
            while (models(coordinator, key) != status) {
                assertThat(System.nanoTime() - startNanos).as(coordinator + " answers " + status).isLessThan(EVERYWHERE.toNanos());
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(2));
            }
        }
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNanos);
    }

    @Test
    void aKeyIsMadeUsedRotatedAndRevokedAndStaysRevoked() throws Exception {
        final JsonNode old = keyMade("keys", "create", "--name", "ci", "--json");
        final String oldSecret = old.path("secret").asText();
        final long known = awaitEverywhere(oldSecret, 200);
        assertThat(send(request("coordinator-2", "/v1/runs/none", oldSecret)).statusCode()).as("usage").isEqualTo(404);
        assertThat(send(request("coordinator-2", "/v1/admin/keys", oldSecret)).statusCode()).as("no admin").isEqualTo(403);
        lacksInference(keyMade("keys", "create", "--name", "accounting", "--scope", "usage", "--json").path("secret").asText());

        final JsonNode next = keyMade("keys", "rotate", old.path("id").asText(), "--grace", "1h", "--json");
        final String nextSecret = next.path("secret").asText();
        awaitEverywhere(nextSecret, 200);
        awaitEverywhere(oldSecret, 200);
        cluster.command("keys", "revoke", old.path("id").asText());
        final long revoked = awaitEverywhere(oldSecret, 401);
        assertThat(models("coordinator-1", nextSecret)).isEqualTo(200);
        System.out.println("a new key was taken by every replica after " + known + " ms, a revoked one by none after " + revoked + " ms");

        cluster.names("coordinator").forEach(cluster::kill);
        for (final String coordinator : cluster.names("coordinator")) {
            cluster.restart(coordinator);
        }
        cluster.awaitServing("coordinator-1", 2);
        awaitEverywhere(nextSecret, 200);
        awaitEverywhere(oldSecret, 401);
        final String list = cluster.command("keys", "list");
        assertThat(list.lines().filter(line -> line.contains(old.path("id").asText()))).singleElement().asString().contains("ci", "revoked");
        assertThat(list.lines().filter(line -> line.contains(next.path("id").asText()))).singleElement().asString().contains("ci", "active");
        assertNoSecretIsKept();
    }

    private static void lacksInference(final String secret) throws Exception {
        awaitEverywhere(secret, 403);
        final HttpResponse<String> refused = send(request("coordinator-1", "/v1/chat/completions", secret)
            .POST(HttpRequest.BodyPublishers.ofString("{}")));
        assertThat(refused.statusCode()).isEqualTo(403);
        assertThat(JSON.readTree(refused.body()).at("/error/type").asText()).isEqualTo("permission_error");
        assertThat(refused.body()).contains("inference");
        try (SpillwayClient client = SpillwayClient.connect(secret, cluster.config("coordinator-1").get("rpc").asText())) {
            assertThatThrownBy(client::models).isInstanceOfSatisfying(SpillwayException.class,
                e -> assertThat(e.code()).isEqualTo(ErrorCode.INSUFFICIENT_SCOPE));
        }
    }

    /** The cluster's own key, which the command line uses, may be rotated too. */
    @Test
    void theClustersOwnKeyIsRotated() throws Exception {
        final String list = cluster.command("keys", "list", "--json");
        final String own = JSON.readTree(list.lines().filter(line -> line.contains("\"bootstrap\"")).findFirst().orElseThrow()).path("id").asText();
        final String secret = cluster.command("keys", "rotate", own, "--grace", "1h").strip();
        SECRETS.add(secret);
        assertThat(cluster.data().resolve("api-key")).hasContent(secret + "\n");
        assertThat(cluster.command("keys", "list")).contains(own);
        awaitEverywhere(cluster.apiKey(), 200);
        assertNoSecretIsKept();
    }

    /** Nobody is locked out who can reach the cluster's folder; and what was revoked does not come back with a restart. */
    @Test
    @Tag("slow")
    void aKeyThatWasLostIsReplacedByANewOne() throws Exception {
        try (CommandLineCluster other = CommandLineCluster.start()) {
            final String own = JSON.readTree(other.command("keys", "list", "--json")).path("id").asText();
            other.command("keys", "revoke", own, "--force");
            other.command("down");
            assertThatThrownBy(() -> other.command("up", "--port", "0", "--detach")).hasMessageContaining("was revoked or has expired; delete the file");
            Files.delete(other.data().resolve("api-key"));
            final JsonNode again = JSON.readTree(other.command("up", "--port", "0", "--detach", "--json"));
            final URI models = URI.create(again.path("base_url").asText() + "/models");
            assertThat(send(HttpRequest.newBuilder(models).header("Authorization", "Bearer " + other.apiKey())).statusCode()).isEqualTo(401);
            assertThat(send(HttpRequest.newBuilder(models).header("Authorization", "Bearer " + again.path("api_key").asText())).statusCode())
                .isEqualTo(200);
            assertThat(other.command("keys", "list")).contains("revoked").contains("active");
        }
    }

    @Test
    void whatCallersSendIsInNoLog() throws Exception {
        for (final Sent sent : sent()) {
            final HttpResponse<String> answer = send(request("coordinator-1", sent.path(), cluster.apiKey())
                .POST(HttpRequest.BodyPublishers.ofString(sent.body().replace('\'', '"'))));
            assertThat(answer.statusCode()).as(sent + " " + answer.body()).isEqualTo(sent.status());
        }
        uploadABatch();
        nodesDieMidStream();
        final List<Path> logs;
        try (Stream<Path> files = Files.list(cluster.data().resolve("logs"))) {
            logs = files.toList();
        }
        assertThat(logs).hasSizeGreaterThanOrEqualTo(6);
        for (final Path log : logs) {
            assertThat(Files.readString(log)).as(log.toString()).doesNotContain(MARK);
        }
        assertNoSecretIsKept();
    }

    private record Sent(String path, String body, int status) {
    }

    private static List<Sent> sent() {
        final String message = "'messages':[{'role':'user','content':'" + MARK + "'}]";
        final String chat = "'model':'brook'," + message + ",'max_tokens':8";
        return List.of(
            new Sent("/v1/chat/completions", "{" + chat + "}", 200), new Sent("/v1/chat/completions", "{" + chat + ",'stream':true}", 200),
            new Sent("/v1/chat/completions", "{" + chat + ",'user':'" + MARK + "','metadata':{'a':'" + MARK + "'}}", 200),
            new Sent("/v1/chat/completions", "{'model':'brook'," + message, 400),
            new Sent("/v1/chat/completions", "{" + chat + ",'temperature':'" + MARK + "'}", 400),
            new Sent("/v1/chat/completions", "{'model':'" + MARK + "'," + message + "}", 404),
            new Sent("/v1/chat/completions", "{'model':'brook','messages':[{'role':'" + MARK + "','content':'x'}]}", 400),
            new Sent("/v1/chat/completions", "{'model':'brook','messages':[{'role':'user','content':'" + (MARK + " ").repeat(9_000) + "'}]}", 400),
            new Sent("/v1/chat/completions", "{" + chat + ",'response_format':{'type':'json_schema','json_schema':{'name':'n','schema':{'type':'"
                + MARK + "'}}}}", 400),
            new Sent("/v1/chat/completions", "{'model':'brook','messages':[{'role':'tool','tool_call_id':'" + MARK + "','content':'" + MARK
                + "'}]}", 400),
            new Sent("/v1/completions", "{'model':'brook','prompt':'" + MARK + "','max_tokens':8}", 200),
            new Sent("/v1/responses", "{'model':'brook','input':'" + MARK + "','max_output_tokens':16}", 200),
            new Sent("/v1/responses", "{'model':'brook','input':[{'type':'" + MARK + "'}]}", 400),
            new Sent("/v1/responses", "{'model':'brook','input':'" + MARK + "','max_output_tokens':16,'background':true}", 200),
            new Sent("/v1/messages", "{" + chat + "}", 200), new Sent("/v1/messages", "{" + chat + ",'system':[{'type':'" + MARK + "'}]}", 400),
            new Sent("/v1/messages/count_tokens", "{'model':'brook'," + message + "}", 200),
            new Sent("/v1/tokenize", "{'model':'brook','prompt':'" + MARK + "'}", 200),
            new Sent("/v1/batches", "{'input_file_id':'" + MARK + "','endpoint':'" + MARK + "','completion_window':'24h'}", 400),
            new Sent("/v1/admin/keys", "{'name':'" + MARK + "','scopes':['" + MARK + "']}", 400), new Sent("/v1/" + MARK, MARK, 404));
    }

    private static void uploadABatch() throws Exception {
        final String line = "{\"custom_id\":\"" + MARK + "\",\"method\":\"POST\",\"url\":\"/v1/chat/completions\",\"body\":{\"model\":\"brook\","
            + "\"max_tokens\":8,\"messages\":[{\"role\":\"user\",\"content\":\"" + MARK + "\"}]}}\n";
        final String bad = line.replace("\"user\"", "\"" + MARK + "\"");
        final String form = "--x\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--x\r\nContent-Disposition: form-data; "
            + "name=\"file\"; filename=\"" + MARK + ".jsonl\"\r\n\r\n" + line + bad + "\r\n--x--\r\n";
        final HttpResponse<String> file = send(HttpRequest.newBuilder(URI.create(root("coordinator-1") + "/v1/files"))
            .header("Authorization", "Bearer " + cluster.apiKey()).header("Content-Type", "multipart/form-data; boundary=x")
            .POST(HttpRequest.BodyPublishers.ofString(form)));
        assertThat(file.statusCode()).as(file.body()).isEqualTo(200);
        final HttpResponse<String> batch = send(request("coordinator-1", "/v1/batches", cluster.apiKey()).POST(HttpRequest.BodyPublishers.ofString(
            "{\"input_file_id\":\"" + JSON.readTree(file.body()).path("id").asText()
                + "\",\"endpoint\":\"/v1/chat/completions\",\"completion_window\":\"24h\"}")));
        assertThat(batch.statusCode()).as(batch.body()).isEqualTo(200);
        final String id = JSON.readTree(batch.body()).path("id").asText();
        final long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (List.of("validating", "in_progress", "finalizing").contains(
            JSON.readTree(send(request("coordinator-1", "/v1/batches/" + id, cluster.apiKey())).body()).path("status").asText())) {
            assertThat(System.nanoTime() - until).as("the batch ends").isNegative();
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
        }
    }

    /** All engines go at once, so that there is nothing to go on with. */
    private static void nodesDieMidStream() throws Exception {
        final HttpRequest.Builder request = request("coordinator-1", "/v1/chat/completions", cluster.apiKey())
            .POST(HttpRequest.BodyPublishers.ofString(("{'model':'brook','stream':true,'max_tokens':4000,'messages':[{'role':'user','content':'"
                + MARK + "'}],'logit_bias':{'2021':-100,'2023':-100}}").replace('\'', '"')));
        final HttpResponse<Stream<String>> stream = http.send(request.build(), HttpResponse.BodyHandlers.ofLines());
        final var lines = stream.body().iterator();
        for (int i = 0; i < 20; i++) {
            lines.next();
        }
        cluster.names("node").forEach(cluster::kill);
        final CompletableFuture<Void> restarted = CompletableFuture.runAsync(() -> cluster.names("node").forEach(SecurityTest::restart));
        lines.forEachRemaining(line -> { });
        restarted.join();
        cluster.awaitServing("coordinator-1", 2);
    }

    private static void restart(final String name) {
        try {
            cluster.restart(name);
        } catch (final IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** Neither in a log, nor in a configuration, nor in what is replicated. */
    private static void assertNoSecretIsKept() throws IOException {
        final List<Path> files;
        try (Stream<Path> all = Files.walk(cluster.data())) {
            files = all.filter(Files::isRegularFile).filter(file -> !KEY_FILES.contains(file.getFileName().toString())).toList();
        }
        assertThat(files).anyMatch(file -> file.toString().contains("raft"));
        for (final Path file : files) {
            final String content = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
            assertThat(SECRETS).as(file.toString()).noneMatch(content::contains);
        }
    }
}
