package io.spillway.bench.gpu;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Starts parts of a check and waits for them, each with a limit. One thread. */
final class PartProcess {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final CheckOptions options;

    PartProcess(final CheckOptions options) {
        this.options = options;
    }

    /** What came of a part: its result, or in words why there is none. */
    record Outcome(Optional<JsonNode> result, String trouble) {
    }

    /** @param log what the part prints goes there */
    Outcome run(final Path log, final String... arguments) throws IOException, InterruptedException {
        final List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow",
            "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED", "--add-modules=jdk.incubator.vector", "-XX:+UseSerialGC", "-Xmx2g",
            options.isQuick() ? "-XX:TieredStopAtLevel=1" : "-XX:+TieredCompilation", "-Dspillway.kernels=driver",
            "-Dspillway.driver=" + options.driver(), "-Dspillway.libraries=" + options.libraries(), "-Dspillway.root=" + System.getProperty("spillway.root", "."),
            "-Djava.library.path=" + System.getProperty("java.library.path", ""), "-Djqwik.database=" + options.out().resolve("jqwik-database"),
            "-cp", options.tests() + ":" + System.getProperty("java.class.path"), PartMain.class.getName()));
        command.addAll(List.of(arguments));
        final Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
        if (!process.waitFor(options.limitSeconds(), TimeUnit.SECONDS)) {
            process.destroyForcibly().waitFor();
            return new Outcome(Optional.empty(), "did not end within " + options.limitSeconds() + " s");
        }
        return outcome(log, process.exitValue());
    }

    private static Outcome outcome(final Path log, final int status) throws IOException {
        final List<String> lines = new String(Files.readAllBytes(log), java.nio.charset.StandardCharsets.UTF_8).lines().toList();
        for (final String line : lines.reversed()) {
            final int at = line.indexOf(PartMain.RESULT);
            if (at >= 0) {
                return new Outcome(Optional.of(MAPPER.readTree(line.substring(at + PartMain.RESULT.length()))), "");
            }
        }
        return new Outcome(Optional.empty(), "ended with status " + status + ": " + lines.stream().filter(line -> line.contains("Exception") || line.contains("Error"))
            .findFirst().orElse("see " + log.getFileName()));
    }
}
