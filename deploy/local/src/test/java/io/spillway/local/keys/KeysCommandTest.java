package io.spillway.local.keys;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.spillway.coordinator.access.ApiKey;
import io.spillway.gateway.openai.ApiKeys;
import io.spillway.local.SpillwayMain;
import io.spillway.local.cluster.ClusterProcess;
import io.spillway.local.cluster.RunFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code spillway keys} as a person types it, against an API that says what it was asked. */
class KeysCommandTest {
    private static final String OWN = "sk-spillway-own";
    private static final String NEXT = "sk-spillway-0123";
    private static final String OWN_ID = ApiKey.idOf(ApiKeys.hash(OWN));
    @TempDir
    private Path data;
    private final List<String> asked = new ArrayList<>();
    private HttpServer api;
    private int status = 200;
    private String answer = "{\"id\":\"key_1\",\"name\":\"ci\",\"prefix\":\"sk-spillway-0123\",\"scopes\":[\"inference\",\"usage\"],"
        + "\"status\":\"active\",\"created_at\":1700000000,\"expires_at\":1700003600,\"last_used_at\":null,\"secret\":\"" + NEXT + "\"}";

    private record Outcome(int status, String out, String err) {
    }

    @BeforeEach
    void start() throws IOException {
        api = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        api.createContext("/", this::answer);
        api.start();
        Files.writeString(data.resolve("api-key"), OWN + "\n");
        running("http://127.0.0.1:" + api.getAddress().getPort() + "/v1");
    }

    private void running(final String... replicas) {
        final ClusterProcess alive = ClusterProcess.of("cluster", "cluster", ProcessHandle.current(), "");
        new RunFile(replicas[0], OWN, "http://127.0.0.1:9/console", "brook", List.of(replicas), List.of(), List.of(alive)).write(data);
    }

    @AfterEach
    void stop() {
        api.stop(0);
    }

    private void answer(final HttpExchange exchange) throws IOException {
        asked.add(exchange.getRequestMethod() + " " + exchange.getRequestURI() + " "
            + exchange.getRequestHeaders().getFirst("Authorization") + " "
            + new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
        final byte[] body = answer.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    private Outcome run(final String... typed) {
        final StringWriter out = new StringWriter();
        final StringWriter err = new StringWriter();
        final int exit = SpillwayMain.commandLine().setOut(new PrintWriter(out, true)).setErr(new PrintWriter(err, true)).execute(typed);
        return new Outcome(exit, out.toString(), err.toString());
    }

    private Outcome keys(final String... typed) {
        final List<String> args = new ArrayList<>(List.of("keys"));
        args.addAll(List.of(typed));
        args.addAll(List.of("--data", data.toString()));
        return run(args.toArray(String[]::new));
    }

    @Test
    void onlyTheSecretIsOnStdout() {
        final Outcome outcome = keys("create", "--name", "ci", "--expires", "1h");
        assertThat(outcome).isEqualTo(new Outcome(0, NEXT + System.lineSeparator(), outcome.err()));
        assertThat(outcome.err()).contains("key_1 \"ci\" for inference,usage, until 2023-11-14T23:13:20Z").doesNotContain(NEXT);
        assertThat(asked).containsExactly("POST /v1/admin/keys Bearer " + OWN
            + " {\"name\":\"ci\",\"scopes\":[\"inference\",\"usage\"],\"expires_in_seconds\":3600}");
        assertThat(keys("create", "--name", "ci", "--scope", "admin,console", "--json").out()).startsWith("{\"id\":\"key_1\"");
        assertThat(asked.getLast()).endsWith("{\"name\":\"ci\",\"scopes\":[\"admin\",\"console\"]}");
    }

    @Test
    void aListIsATable() {
        answer = "{\"object\":\"list\",\"data\":[" + answer.replace(",\"secret\":\"" + NEXT + "\"", "")
            + ",{\"id\":\"key_22\",\"name\":\"x\",\"prefix\":null,\"scopes\":[\"admin\"],\"status\":\"revoked\",\"created_at\":null,"
            + "\"expires_at\":null,\"last_used_at\":1700000001}]}";
        assertThat(keys("list").out().lines()).containsExactly(
            "ID      NAME  PREFIX               SCOPES           STATUS   CREATED               EXPIRES               LAST USED",
            "key_1   ci    sk-spillway-0123...  inference,usage  active   2023-11-14T22:13:20Z  2023-11-14T23:13:20Z  -",
            "key_22  x     -                    admin            revoked  -                     never                 2023-11-14T22:13:21Z");
        assertThat(keys("list", "--json").out().lines()).hasSize(2).allMatch(line -> line.startsWith("{\"id\":\"key_"));
    }

    @Test
    void theClustersOwnKeyIsKeptWhenItIsRotatedAndNotRevokedUnasked() throws IOException {
        final Outcome refused = keys("revoke", OWN_ID);
        assertThat(refused.status()).isEqualTo(1);
        assertThat(refused.err()).contains("--force").contains("keys rotate --grace 0s");
        assertThat(asked).isEmpty();
        assertThat(keys("rotate", OWN_ID, "--grace", "10m").out()).isEqualTo(NEXT + System.lineSeparator());
        assertThat(asked).containsExactly("POST /v1/admin/keys/" + OWN_ID + "/rotate Bearer " + OWN + " {\"grace_seconds\":600}");
        assertThat(data.resolve("api-key")).hasContent(NEXT + "\n");
        assertThat(RunFile.read(data).orElseThrow().apiKey()).isEqualTo(NEXT);
        assertThat(keys("revoke", OWN_ID).status()).as("it is somebody else's now").isZero();
        assertThat(asked.getLast()).startsWith("DELETE /v1/admin/keys/" + OWN_ID + " Bearer " + NEXT);
    }

    @Test
    void anotherKeyLeavesTheClustersOwnAsItIs() {
        assertThat(keys("rotate", "key_1").status()).isZero();
        assertThat(asked.getLast()).endsWith("{\"grace_seconds\":86400}");
        assertThat(data.resolve("api-key")).hasContent(OWN + "\n");
    }

    @Test
    void aReplicaThatIsDownIsPassedOver() throws IOException {
        final int nobody;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            nobody = free.getLocalPort();
        }
        running("http://127.0.0.1:" + nobody + "/v1", "http://127.0.0.1:" + api.getAddress().getPort() + "/v1");
        assertThat(keys("revoke", "key_1").status()).isZero();
        running("http://127.0.0.1:" + nobody + "/v1");
        assertThat(keys("revoke", "key_1").err()).startsWith("spillway: cannot reach http://127.0.0.1:" + nobody);
    }

    @Test
    void whatTheClusterRefusesIsOneLine() {
        status = 403;
        answer = "{\"error\":{\"message\":\"This API key lacks the scope 'admin'.\",\"type\":\"permission_error\"}}";
        final Outcome outcome = keys("list");
        assertThat(outcome.status()).isEqualTo(1);
        assertThat(outcome.err().strip()).startsWith("spillway: This API key lacks the scope 'admin'. (http://").hasLineCount(1);
        assertThat(outcome.out()).isEmpty();
    }

    @Test
    void whatIsTypedWrongIsSaid() {
        assertThat(run("keys").err()).contains("keys what? create, list, rotate or revoke").contains("try: spillway keys --help");
        assertThat(keys("create").err()).contains("--name").contains("try: spillway keys create --help");
        assertThat(keys("create", "--name", "x", "--expires", "soon").err()).contains("--expires must be a duration");
        assertThat(keys("list", "--url", "nonsense").err()).contains(System.getenv("SPILLWAY_API_KEY") == null ? "SPILLWAY_API_KEY" : "--url");
        assertThat(keys("rotate", "not an id").err()).contains("a key's id looks like");
        assertThat(run("keys", "list", "--data", data.resolve("nothing").toString()).err()).contains("no cluster runs in");
        assertThat(asked).isEmpty();
    }
}
