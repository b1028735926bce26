package io.spillway.systemtest.clients;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The published Node clients, installed as the lock file says into the build folder, and scripts that use them. Test thread only. */
final class NodeClients {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int INSTALL_MINUTES = 8;
    private static final int SCRIPT_MINUTES = 4;
    private final Path folder;

    /** What a program said and how it ended. */
    private record Ended(int status, String out, String err) {
    }

    private NodeClients(final Path folder) {
        this.folder = folder;
    }

    /** @return whether Node and npm are there */
    static boolean possible() {
        return Stream.of("node", "npm").allMatch(program -> Stream.of(System.getenv("PATH").split(":"))
            .anyMatch(place -> Files.isExecutable(Path.of(place, program))));
    }

    /** Installs the clients unless that was done for this very lock file before. */
    static NodeClients install() throws IOException, InterruptedException {
        final Path module = Path.of(System.getProperty("spillway.root"), "deploy", "systemtest");
        final Path sources = module.resolve("src/test/node");
        final Path folder = Files.createDirectories(module.resolve("target/node"));
        final NodeClients clients = new NodeClients(folder);
        final Path stamp = folder.resolve("installed.json");
        final Path lock = sources.resolve("package-lock.json");
        try (Stream<Path> files = Files.list(sources)) {
            for (final Path file : files.filter(Files::isRegularFile).toList()) {
                Files.copy(file, folder.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
            }
        }
        if (!Files.exists(stamp) || Files.mismatch(stamp, lock) >= 0) {
            Files.deleteIfExists(stamp);
            final Ended ended = clients.run(INSTALL_MINUTES, Map.of(),
                List.of("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"));
            if (ended.status != 0) {
                throw new IllegalStateException("npm ci failed: " + ended.out + ended.err);
            }
            Files.copy(lock, stamp, StandardCopyOption.REPLACE_EXISTING);
        }
        return clients;
    }

    /**
     * Runs a script to its end.
     *
     * @param script file name and arguments
     * @return the names of its steps, in order
     * @throws AssertionError when a step failed, with what the script said
     */
    List<String> converse(final List<String> script, final Map<String, String> environment) throws IOException, InterruptedException {
        final List<String> command = new ArrayList<>(List.of("node"));
        command.addAll(script);
        final Ended ended = run(SCRIPT_MINUTES, environment, command);
        if (ended.status != 0) {
            throw new AssertionError(String.join(" ", script) + " failed\n" + ended.out + ended.err);
        }
        final List<String> steps = new ArrayList<>();
        for (final String line : ended.out.lines().toList()) {
            final JsonNode told = JSON.readTree(line);
            steps.add(told.get("step").asText());
        }
        return steps;
    }

    private Ended run(final int minutes, final Map<String, String> environment, final List<String> command)
        throws IOException, InterruptedException {
        final Path out = Files.createTempFile(folder, "run", ".out");
        final Path err = Files.createTempFile(folder, "run", ".err");
        final ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile())
            .redirectInput(Path.of("/dev/null").toFile()).redirectOutput(out.toFile()).redirectError(err.toFile());
        builder.environment().putAll(environment);
        final Process process = builder.start();
        try {
            final boolean ended = process.waitFor(minutes, TimeUnit.MINUTES);
            return new Ended(ended ? process.exitValue() : -1, Files.readString(out, StandardCharsets.UTF_8),
                Files.readString(err, StandardCharsets.UTF_8) + (ended ? "" : "\nstill ran after " + minutes + " minutes"));
        } finally {
            process.destroyForcibly();
            Files.delete(out);
            Files.delete(err);
        }
    }
}
