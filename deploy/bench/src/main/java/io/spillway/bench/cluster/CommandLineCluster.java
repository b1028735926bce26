package io.spillway.bench.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
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
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** A cluster started by the command line, one process per role. Ends what it started. */
public final class CommandLineCluster implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final ObjectMapper YAML = new YAMLMapper();
    private static final Duration STATE_DEADLINE = Duration.ofSeconds(60);

    private final Path data;
    private final JsonNode line;
    private final HttpClient http = HttpClient.newHttpClient();

    private CommandLineCluster(final Path data, final JsonNode line) {
        this.data = data;
        this.line = line;
    }

    /** @param more further options of {@code up} */
    public static CommandLineCluster start(final String... more) throws IOException, InterruptedException {
        final Path data = Files.createTempDirectory("spillway-systemtest");
        final List<String> command = cli("up", "--data", data.toString(), "--port", "0", "--detach", "--json");
        command.addAll(List.of(more));
        final Path errors = data.resolve("up.err");
        final Process process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
        final String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(2, TimeUnit.MINUTES) || process.exitValue() != 0) {
            throw new IllegalStateException("up failed: " + out + Files.readString(errors));
        }
        return new CommandLineCluster(data, JSON.readTree(out.lines().reduce((first, last) -> last).orElseThrow()));
    }

    /** @return the command that runs the command line with this test's own class path */
    public static List<String> cli(final String... arguments) {
        final List<String> command = new ArrayList<>(List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow",
            "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED", "--add-modules=jdk.incubator.vector",
            "-Dspillway.root=" + root(), "-cp", classPath(), "io.spillway.local.SpillwayMain"));
        command.addAll(List.of(arguments));
        return command;
    }

    public static Path root() {
        return Path.of(System.getProperty("spillway.root"));
    }

    private static String classPath() {
        final String surefire = System.getProperty("surefire.test.class.path");
        return surefire != null ? surefire : System.getProperty("java.class.path");
    }

    public String baseUrl() {
        return line.get("base_url").asText();
    }

    public String apiKey() {
        return line.get("api_key").asText();
    }

    /** @return a client of the first replica */
    public OpenAIClient openAi() {
        return openAi(baseUrl());
    }

    /** @return a client of that replica */
    public OpenAIClient openAiOf(final String coordinator) {
        return openAi("http://" + config(coordinator).at("/http/listen").asText() + "/v1");
    }

    private OpenAIClient openAi(final String base) {
        return OpenAIOkHttpClient.builder().baseUrl(base).apiKey(apiKey()).maxRetries(0)
            .timeout(Duration.ofMinutes(3)).build();
    }

    /** @return an SDK client that knows all replicas, {@code first} before the others */
    public SpillwayClient sdk(final String first) {
        final List<String> replicas = new ArrayList<>();
        for (final String name : names("coordinator")) {
            replicas.add(name.equals(first) ? 0 : replicas.size(), config(name).get("rpc").asText());
        }
        return SpillwayClient.connect(apiKey(), replicas.toArray(new String[0]));
    }

    /** @return the configuration a process was started with */
    public JsonNode config(final String name) {
        try {
            return YAML.readTree(data.resolve("conf").resolve(name + ".yaml").toFile());
        } catch (final IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** @return the replica that leads, as {@code coordinator-1} or another living one sees it */
    public String leader() throws IOException, InterruptedException {
        final JsonNode state = awaitState("a leader", now -> leaderIn(now) != null);
        return leaderIn(state);
    }

    private static String leaderIn(final JsonNode state) {
        for (final JsonNode replica : state.get("replicas")) {
            if (replica.get("leading").asBoolean()) {
                return replica.get("id").asText();
            }
        }
        return null;
    }

    /** @return names of the processes of a role */
    public List<String> names(final String role) {
        final List<String> names = new ArrayList<>();
        for (final JsonNode process : line.get("processes")) {
            if (process.get("role").asText().equals(role)) {
                names.add(process.get("name").asText());
            }
        }
        return names;
    }

    /** kill -9, and waits until the process is gone. */
    public void kill(final String name) {
        for (final JsonNode process : line.get("processes")) {
            if (process.get("name").asText().equals(name)) {
                final ProcessHandle handle = ProcessHandle.of(process.get("pid").asLong()).orElseThrow();
                handle.destroyForcibly();
                handle.onExit().join();
                return;
            }
        }
        throw new IllegalArgumentException("no process " + name);
    }

    /** @return what the console shows */
    public JsonNode state() throws IOException, InterruptedException {
        final String console = line.get("console_url").asText();
        final HttpResponse<String> answer = http.send(HttpRequest.newBuilder(URI.create(console + "/api/state"))
            .header("Authorization", "Bearer " + apiKey()).timeout(Duration.ofSeconds(10)).build(),
            HttpResponse.BodyHandlers.ofString());
        return JSON.readTree(answer.body());
    }

    /** Waits until the console shows what is expected. */
    public JsonNode awaitState(final String what, final Predicate<JsonNode> expected) throws IOException, InterruptedException {
        final long deadline = System.nanoTime() + STATE_DEADLINE.toNanos();
        JsonNode state = state();
        while (!expected.test(state)) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("never saw: " + what + "\nlast state: " + state.toPrettyString());
            }
            java.util.concurrent.locks.LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
            state = state();
        }
        return state;
    }

    @Override
    public void close() throws IOException, InterruptedException {
        new ProcessBuilder(cli("down", "--data", data.toString())).inheritIO().start().waitFor(1, TimeUnit.MINUTES);
        try (var files = Files.walk(data)) {
            for (final Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
