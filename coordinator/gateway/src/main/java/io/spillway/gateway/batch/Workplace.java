package io.spillway.gateway.batch;

import io.spillway.domain.id.BatchId;
import io.spillway.gateway.files.DurableFiles;
import io.spillway.gateway.files.FileStore;
import io.spillway.gateway.files.SharedDirectory;
import io.spillway.gateway.files.StoredFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;

/** Where batches are worked on: a directory each, with the input and the segments. Any thread. */
final class Workplace {
    private static final String INPUT = "input.jsonl";

    private final SharedDirectory directory;
    private final FileStore files;

    Workplace(final SharedDirectory directory, final FileStore files) {
        this.directory = directory;
        this.files = files;
    }

    FileStore files() {
        return files;
    }

    /** Lays the input out for a batch to come: what its owner deletes later is still there. @return whether the file was there */
    boolean prepare(final BatchId id, final StoredFile input) throws IOException {
        final Path home = home(id);
        DurableFiles.makeDirectory(home);
        return files.link(input, home.resolve(INPUT));
    }

    Path input(final BatchId id) {
        return home(id).resolve(INPUT);
    }

    Path segment(final BatchId id, final long epoch) {
        return home(id).resolve(epoch + ".segment");
    }

    /** Removes what is left of the work on a batch that has ended, or never was. */
    void clear(final BatchId id) throws IOException {
        DurableFiles.remove(home(id));
    }

    /** Removes the work of batches that nobody knows any more. @param untilMillis younger work is left alone */
    void sweep(final Set<String> known, final long untilMillis) throws IOException {
        for (final Path home : DurableFiles.names(directory.batches())) {
            if (!known.contains(home.getFileName().toString()) && Files.getLastModifiedTime(home).toMillis() < untilMillis) {
                DurableFiles.remove(home);
            }
        }
        for (final Path left : DurableFiles.names(directory.uploads())) {
            if (Files.getLastModifiedTime(left).toMillis() < untilMillis) {
                Files.deleteIfExists(left);
            }
        }
    }

    private Path home(final BatchId id) {
        return directory.batches().resolve(id.value());
    }
}
