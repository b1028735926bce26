package io.spillway.local.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** What the nodes of a running cluster compute on: each says it in a file of its data directory while it runs. */
public final class Devices {
    private static final String FILE = "device";
    private static final long CLOCK_MILLIS = 3_000;

    private Devices() {
    }

    /** @return a line for every kind of device, with the nodes that compute on it; nothing where no node says so */
    public static List<String> of(final Path dataDir, final RunFile run) {
        final long since = run.processes().stream().mapToLong(ClusterProcess::startedMillis).min().orElse(0) - CLOCK_MILLIS;
        final Map<String, List<String>> nodes = new TreeMap<>();
        try (Stream<Path> folders = Files.list(dataDir)) {
            for (final Path note : folders.map(folder -> folder.resolve(FILE)).filter(Files::isRegularFile).sorted().toList()) {
                // One that is older was left by a node that was killed.
                if (Files.getLastModifiedTime(note).toMillis() >= since) {
                    nodes.computeIfAbsent(Files.readString(note).strip(), line -> new ArrayList<>()).add(note.getParent().getFileName().toString());
                }
            }
        } catch (final IOException e) {
            return List.of("not known: " + e.getMessage());
        }
        return nodes.entrySet().stream().map(entry -> entry.getKey() + " (" + String.join(", ", entry.getValue()) + ")").toList();
    }
}
