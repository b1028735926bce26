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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
    private final Map<String, Process> restarted = new HashMap<>();

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

    /** @return the folder of everything that the cluster writes */
    public Path data() {
        return data;
    }

    /** @return what a command of the command line prints on stdout, run on this cluster; throws when it fails */
    public String command(final String... arguments) throws IOException, InterruptedException {
        final List<String> command = cli(arguments);
        command.addAll(List.of("--data", data.toString()));
        final Path errors = Files.createTempFile(data, "command", ".err");
        final Process process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
        final String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(2, TimeUnit.MINUTES) || process.exitValue() != 0) {
            throw new IllegalStateException(String.join(" ", arguments) + " failed: " + out + Files.readString(errors));
        }
        return out;
    }

    /** @return the command that runs the command line with this test's own class path */
    public static List<String> cli(final String... arguments) {
        final List<String> command = java();
        command.addAll(List.of("-Dspillway.root=" + root(), "-cp", classPath(), "io.spillway.local.SpillwayMain"));
        command.addAll(List.of(arguments));
        return command;
    }

    private static List<String> java() {
        return new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow",
            "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED", "--add-modules=jdk.incubator.vector"));
    }

    public static Path root() {
        return Path.of(System.getProperty("spillway.root"));
    }

    /** @return the class path of this test, with everything of the project on it */
    public static String classPath() {
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

    /** @return gRPC addresses of all replicas, comma separated */
    public String sdkAddresses() throws IOException {
        final Process status = new ProcessBuilder(cli("status", "--data", data.toString(), "--sdk")).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        return new String(status.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
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
        final ProcessHandle handle = restarted.containsKey(name) ? restarted.get(name).toHandle()
            : ProcessHandle.of(entry(name).get("pid").asLong()).orElseThrow();
        handle.destroyForcibly();
        handle.onExit().join();
    }

    /** Starts a killed process again, with the configuration and the folder it had. */
    public void restart(final String name) throws IOException {
        final String mainClass = switch (entry(name).get("role").asText()) {
            case "coordinator" -> "io.spillway.coordinator.server.CoordinatorMain";
            case "node" -> "io.spillway.node.server.NodeMain";
            default -> "io.spillway.kvstore.server.StoreMain";
        };
        final List<String> command = java();
        command.addAll(List.of("-Xmx384m", "-XX:+UseSerialGC", "-Dlogback.configurationFile=logback-server.xml", "-cp", classPath(),
            mainClass, "--config", data.resolve("conf").resolve(name + ".yaml").toString()));
        restarted.put(name, new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(
            ProcessBuilder.Redirect.appendTo(data.resolve("logs").resolve(name + ".log").toFile())).start());
    }

    private JsonNode entry(final String name) {
        for (final JsonNode process : line.get("processes")) {
            if (process.get("name").asText().equals(name)) {
                return process;
            }
        }
        throw new IllegalArgumentException("no process " + name);
    }

    /** @return what the first replica's console shows */
    public JsonNode state() throws IOException, InterruptedException {
        return state(line.get("console_url").asText());
    }

    private JsonNode state(final String console) throws IOException, InterruptedException {
        final HttpResponse<String> answer = http.send(HttpRequest.newBuilder(URI.create(console + "/api/state"))
            .header("Authorization", "Bearer " + apiKey()).timeout(Duration.ofSeconds(10)).build(),
            HttpResponse.BodyHandlers.ofString());
        return JSON.readTree(answer.body());
    }

    /** Waits until a replica serves, knows a leader and can reach that many engines. */
    public void awaitServing(final String coordinator, final int engines) throws InterruptedException {
        final String console = "http://" + config(coordinator).at("/http/listen").asText() + "/console";
        final long deadline = System.nanoTime() + STATE_DEADLINE.toNanos();
        while (!serves(console, engines)) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError(coordinator + " does not serve");
            }
            java.util.concurrent.locks.LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
        }
    }

    private boolean serves(final String console, final int engines) throws InterruptedException {
        try {
            final JsonNode state = state(console);
            int reporting = 0;
            for (final JsonNode member : state.get("members")) {
                reporting += member.get("role").asText().equals("engine") && member.get("reporting").asBoolean() ? 1 : 0;
            }
            return leaderIn(state) != null && reporting == engines;
        } catch (final IOException e) {
            return false;
        }
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
        restarted.values().forEach(Process::destroy);
        for (final Process process : restarted.values()) {
            if (!process.waitFor(20, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        }
        new ProcessBuilder(cli("down", "--data", data.toString())).inheritIO().start().waitFor(1, TimeUnit.MINUTES);
        try (var files = Files.walk(data)) {
            for (final Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
