package io.spillway.gateway.files;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * The directory that all coordinator replicas share.
 *
 * <pre>
 * directory-mark           who it is: a random name, made once, compared by the replicas
 * uploads/                 unfinished things; whatever is old there was left behind
 * tenants/HASH/ID.content  a file; it is there when ID.json is
 * tenants/HASH/ID.json     what it is
 * batches/ID/              what a batch has done so far
 * </pre>
 *
 * <p>Any thread, any process.
 */
public final class SharedDirectory {
    private static final String MARK = "directory-mark";

    private final Path root;
    private final String mark;

    private SharedDirectory(final Path root, final String mark) {
        this.root = root;
        this.mark = mark;
    }

    /**
     * Opens the directory, making what is missing.
     *
     * @param newMark its mark, should it have none yet; random
     * @throws SpillwayException {@code INVALID_CONFIG} when it cannot be used
     */
    public static SharedDirectory open(final Path path, final String newMark) {
        final Path root = path.toAbsolutePath().normalize();
        try {
            DurableFiles.makeDirectory(root);
            if (Files.getFileStore(root).supportsFileAttributeView("posix")) {
                Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwx------"));
            }
            for (final String part : new String[] {"uploads", "tenants", "batches"}) {
                DurableFiles.makeDirectory(root.resolve(part));
            }
            return new SharedDirectory(root, mark(root, newMark));
        } catch (final IOException e) {
            throw SpillwayException.ofField(ErrorCode.INVALID_CONFIG, "files.directory", "cannot use " + root + ": " + e.getMessage());
        }
    }

    /** Who comes first gives the mark: a link is made entirely or not at all. */
    private static String mark(final Path root, final String newMark) throws IOException {
        final Path place = root.resolve(MARK);
        if (!Files.exists(place)) {
            final Path mine = Files.createTempFile(root.resolve("uploads"), "mark-", ".unfinished");
            try {
                Files.writeString(mine, newMark);
                DurableFiles.force(mine);
                Files.createLink(place, mine);
            } catch (final FileAlreadyExistsException e) {
                return Files.readString(place).strip();
            } finally {
                Files.deleteIfExists(mine);
            }
            DurableFiles.forceNames(root);
        }
        return Files.readString(place).strip();
    }

    /** @return what tells this directory from others */
    public String mark() {
        return mark;
    }

    /** @return for unfinished things */
    public Path uploads() {
        return root.resolve("uploads");
    }

    /** @return tenants' files */
    Path tenants() {
        return root.resolve("tenants");
    }

    /** @return what batches have done so far */
    public Path batches() {
        return root.resolve("batches");
    }

    @Override
    public String toString() {
        return root.toString();
    }
}
