package io.spillway.systemtest;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.bench.cluster.CommandLineCluster;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every program of the SDK's page compiles, runs against a real cluster, and prints what the page says. */
class SdkPageTest {
    private static final Pattern PROGRAM = Pattern.compile("```java\\n(.*?)```\\s*```text\\n(.*?)```", Pattern.DOTALL);
    private static final Pattern JAVA = Pattern.compile("```java\\n");
    @TempDir
    private Path folder;

    @Test
    void everyProgramOfThePageRuns() throws Exception {
        final String page = Files.readString(CommandLineCluster.root().resolve("deploy/docs/sdk.md"));
        final List<String> printed = new ArrayList<>();
        final List<String> promised = new ArrayList<>();
        try (CommandLineCluster cluster = CommandLineCluster.start()) {
            final Matcher programs = PROGRAM.matcher(page);
            while (programs.find()) {
                printed.add(run(programs.group(1), cluster));
                promised.add(programs.group(2));
            }
        }
        assertThat(printed).hasSize((int) JAVA.matcher(page).results().count()).isEqualTo(promised);
    }

    private String run(final String program, final CommandLineCluster cluster) throws IOException, InterruptedException {
        final Path file = folder.resolve("Program.java");
        Files.writeString(file, program);
        final Path errors = folder.resolve("errors");
        final Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp", CommandLineCluster.classPath(), file.toString(), cluster.apiKey(), cluster.sdkAddresses())
            .redirectError(errors.toFile()).start();
        final String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(2, TimeUnit.MINUTES) && process.exitValue() == 0).as(program + Files.readString(errors)).isTrue();
        return printed;
    }
}
