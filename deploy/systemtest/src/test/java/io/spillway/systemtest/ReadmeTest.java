package io.spillway.systemtest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Does what the README says, block by block, in a fresh copy of the sources: whoever follows it gets what it promises. */
class ReadmeTest {
    private static final Pattern BLOCK = Pattern.compile("```(bash|java)\\n(.*?)```", Pattern.DOTALL);
    private static final Set<String> NOT_COPIED = Set.of("target", ".git", ".spillway", ".idea");
    private static final String PORT = "8484";
    @TempDir
    private Path checkout;

    @AfterEach
    void end() throws Exception {
        run("./spillway down", 2);
    }

    @Test
    void everythingInItWorks() throws Exception {
        final Path root = Path.of(System.getProperty("spillway.root"));
        copy(root, checkout);
        final List<String> outputs = new ArrayList<>();
        final Matcher blocks = BLOCK.matcher(readme(root));
        while (blocks.find()) {
            if (blocks.group(1).equals("java")) {
                Files.writeString(checkout.resolve("FirstCall.java"), blocks.group(2));
            } else {
                outputs.add(run(blocks.group(2), 12));
            }
        }
        assertThat(outputs).as("blocks run").hasSize(4);
        assertThat(outputs.get(0)).contains("Spillway serves brook").containsPattern("total: 1[0-9] of 20 solved");
        assertThat(outputs.get(1)).contains("\"chat.completion\"").contains("\"cached_tokens\"");
        assertThat(outputs.get(2)).contains("Usage[promptTokens=");
        assertThat(outputs.get(3)).contains("ended 1 process");
    }

    /** Where another program has the port that the README names, another one is taken everywhere. */
    private static String readme(final Path root) throws IOException {
        final String text = Files.readString(root.resolve("README.md"));
        try (ServerSocket free = new ServerSocket(Integer.parseInt(PORT), 1, InetAddress.getLoopbackAddress())) {
            return text;
        } catch (final IOException e) {
            try (ServerSocket other = new ServerSocket(0)) {
                final String port = Integer.toString(other.getLocalPort());
                return text.replace(PORT, port).replace("up --detach", "up --detach --port " + port);
            }
        }
    }

    private String run(final String script, final int minutes) throws IOException, InterruptedException {
        final ProcessBuilder builder = new ProcessBuilder("bash", "-euo", "pipefail", "-c", script)
            .directory(checkout.toFile()).redirectErrorStream(true).redirectInput(Path.of("/dev/null").toFile());
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        final Path log = Files.createTempFile("readme", ".log");
        final Process process = builder.redirectOutput(log.toFile()).start();
        final boolean ended = process.waitFor(minutes, TimeUnit.MINUTES);
        final String output = Files.readString(log, StandardCharsets.UTF_8);
        Files.delete(log);
        if (!ended) {
            process.destroyForcibly();
        }
        assertThat(ended && process.exitValue() == 0).as(script + "\n" + output).isTrue();
        return output;
    }

    private static void copy(final Path from, final Path to) throws IOException {
        Files.walkFileTree(from, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(final Path folder, final BasicFileAttributes attributes) throws IOException {
                if (NOT_COPIED.contains(folder.getFileName().toString())) {
                    return FileVisitResult.SKIP_SUBTREE;
                }
                Files.createDirectories(to.resolve(from.relativize(folder)));
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(final Path file, final BasicFileAttributes attributes) throws IOException {
                Files.copy(file, to.resolve(from.relativize(file)), java.nio.file.StandardCopyOption.COPY_ATTRIBUTES);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
