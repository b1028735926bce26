package io.spillway.local.command;

import io.spillway.local.cluster.ClusterProcess;
import io.spillway.local.cluster.Devices;
import io.spillway.local.cluster.RunFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Says what runs, since when, how big, and whether every replica answers. Exit status 0 when all is well, 1 when a part is not, 3 when nothing runs. */
@Command(name = "status", description = "Say what runs, and where.")
public final class StatusCommand implements Callable<Integer> {
    private static final int NOTHING_RUNS = 3;

    @Spec
    private CommandSpec spec;
    @Mixin
    private HelpOption help;
    @Mixin
    private Places places;
    @Option(names = "--json", description = "print one line of JSON, as `up --detach --json` did")
    private boolean json;
    @Option(names = "--sdk", description = "print only the gRPC addresses of all replicas, as the Java SDK takes them")
    private boolean sdk;

    @Override
    public Integer call() {
        final Optional<RunFile> run = RunFile.running(places.dataDir());
        if (run.isEmpty()) {
            spec.commandLine().getErr().println("spillway: nothing runs in " + places.dataDir());
            return NOTHING_RUNS;
        }
        if (sdk) {
            spec.commandLine().getOut().println(String.join(",", run.get().sdk()));
            return 0;
        }
        if (json) {
            spec.commandLine().getOut().println(run.get().toJsonLine());
            return 0;
        }
        return print(run.get(), places.dataDir(), spec.commandLine().getOut()) ? 0 : 1;
    }

    private static boolean print(final RunFile run, final Path dataDir, final PrintWriter out) {
        out.printf("model      %s%nbase URL   %s%nconsole    %s%n", run.model(), run.baseUrl(), run.consoleUrl());
        Devices.of(dataDir, run).forEach(line -> out.printf("computes   on %s%n", line));
        out.println();
        boolean well = true;
        for (final ClusterProcess process : run.processes()) {
            final boolean alive = process.handle().isPresent();
            well &= alive;
            out.printf("%-14s pid %-8d %s%n", process.name(), process.pid(), alive ? "up " + age(process) + memory(process) : "GONE");
        }
        out.println();
        try (HttpClient http = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(2)).build()) {
            for (final String replica : run.replicas()) {
                final String answer = health(http, replica);
                well &= answer.equals("serves");
                out.printf("%-28s %s%n", replica, answer);
            }
        }
        return well;
    }

    private static String health(final HttpClient http, final String baseUrl) {
        final URI health = URI.create(baseUrl).resolve("/health");
        try {
            final HttpResponse<String> answer = http.send(HttpRequest.newBuilder(health).timeout(Duration.ofSeconds(3)).build(),
                HttpResponse.BodyHandlers.ofString());
            return switch (answer.statusCode()) {
                case 200 -> "serves";
                case 503 -> "cannot serve now: " + answer.body();
                default -> "answers with status " + answer.statusCode();
            };
        } catch (final IOException e) {
            return "does not answer";
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            return "interrupted";
        }
    }

    private static String age(final ClusterProcess process) {
        final Duration age = Duration.between(Instant.ofEpochMilli(process.startedMillis()), Instant.now());
        return age.toHours() > 0 ? age.toHours() + " h " + age.toMinutesPart() + " min"
            : age.toMinutes() > 0 ? age.toMinutes() + " min" : age.toSeconds() + " s";
    }

    /** Resident memory; only where the system tells it in {@code /proc}. */
    private static String memory(final ClusterProcess process) {
        final Path status = Path.of("/proc", Long.toString(process.pid()), "status");
        try {
            final List<String> lines = Files.exists(status) ? Files.readAllLines(status) : List.of();
            return lines.stream().filter(line -> line.startsWith("VmRSS:"))
                .map(line -> ", " + Long.parseLong(line.replaceAll("\\D", "")) / 1024 + " MiB").findFirst().orElse("");
        } catch (final IOException e) {
            return ", memory unknown";
        }
    }
}
