package io.spillway.gateway.files;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;

/** Writing so that a crash leaves the old or the new, never a piece. Stateless; any thread. */
public final class DurableFiles {
    private DurableFiles() {
    }

    /** Waits until the content of a file is on the disk. */
    public static void force(final Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
    }

    /** Waits until the names in a directory are on the disk. */
    public static void forceNames(final Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    /** Creates a directory and those above it; durable. */
    public static void makeDirectory(final Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            final Path parent = directory.getParent();
            if (parent != null) {
                makeDirectory(parent);
            }
            Files.createDirectories(directory);
            if (parent != null) {
                forceNames(parent);
            }
        }
    }

    /**
     * Writes a whole file. Durable once its directory is forced.
     *
     * @param scratch where it is written first, on the same file system
     */
    public static void write(final Path file, final byte[] content, final Path scratch) throws IOException {
        final Path unfinished = Files.createTempFile(scratch, "write-", ".unfinished");
        try (FileChannel channel = FileChannel.open(unfinished, StandardOpenOption.WRITE)) {
            final ByteBuffer bytes = ByteBuffer.wrap(content);
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
            Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(unfinished);
        }
    }

    /** @return the names in a directory, in no order; empty when there is no directory */
    public static List<Path> names(final Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> names = Files.list(directory)) {
            return names.toList();
        }
    }

    /** Removes a directory of plain files, if it is there. */
    public static void remove(final Path directory) throws IOException {
        for (final Path file : names(directory)) {
            Files.deleteIfExists(file);
        }
        Files.deleteIfExists(directory);
    }
}
