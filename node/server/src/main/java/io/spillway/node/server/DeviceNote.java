package io.spillway.node.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The file in a node's data directory that says what it computes on while it runs, for those who look at a cluster from outside. */
final class DeviceNote implements AutoCloseable {
    /** Its name in the data directory. */
    static final String FILE = "device";

    private static final System.Logger LOG = System.getLogger(DeviceNote.class.getName());

    private final Path file;

    /** Writes it; that it cannot be written is worth a warning and nothing else. */
    DeviceNote(final Path dataDir, final String description) {
        file = dataDir.resolve(FILE);
        try {
            Files.createDirectories(dataDir);
            Files.writeString(file, description + System.lineSeparator());
        } catch (final IOException e) {
            LOG.log(System.Logger.Level.WARNING, "cannot say in " + file + " what this node computes on: " + e);
        }
    }

    @Override
    public void close() throws IOException {
        Files.deleteIfExists(file);
    }
}
