package io.spillway.modelfile;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.stream.Stream;

/**
 * A file that appears whole or not at all: written under another name beside its target, then renamed. What is not
 * committed is deleted on {@link #close}. Used by one thread.
 */
public final class AtomicFile implements AutoCloseable {
    private static final int CHUNK_BYTES = 1 << 24;

    private static final long ABANDONED_MILLIS = 3_600_000;
    private static final String PARTIAL = ".partial";

    private final Path target;
    private final Path partial;
    private final FileChannel channel;
    private long sizeBytes;
    private boolean committed;

    private AtomicFile(final Path target, final Path partial, final FileChannel channel) {
        this.target = target;
        this.partial = partial;
        this.channel = channel;
    }

    /**
     * @param target may exist: it is replaced on {@link #commit}
     * @return owned by the caller
     * @throws SpillwayException INVALID_VALUE when the folder is missing or not writable
     */
    public static AtomicFile create(final Path target) {
        final Path folder = target.toAbsolutePath().getParent();
        try {
            final Path partial = newPartial(target, folder);
            removeAbandoned(target, folder, Files.getLastModifiedTime(partial));
            return new AtomicFile(target, partial, FileChannel.open(partial, StandardOpenOption.WRITE));
        } catch (final IOException e) {
            throw failed(target, e);
        }
    }

    /** Not createTempFile: others may read a model, as the umask says. Other threads may write the same target at this moment. */
    private static Path newPartial(final Path target, final Path folder) throws IOException {
        final String prefix = "." + target.getFileName() + "." + ProcessHandle.current().pid() + "-";
        for (int number = 0;; number++) {
            try {
                return Files.createFile(folder.resolve(prefix + number + PARTIAL));
            } catch (final FileAlreadyExistsException _) {
                continue; // somebody's: the next number
            }
        }
    }

    /** Deletes what a writer of the same target left that was killed: nothing has been written to it for an hour. */
    private static void removeAbandoned(final Path target, final Path folder, final FileTime now) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            for (final Path entry : entries.filter(p -> isPartialOf(target, p)).toList()) {
                removeIfAbandoned(entry, now);
            }
        }
    }

    private static void removeIfAbandoned(final Path partial, final FileTime now) throws IOException {
        try {
            if (Files.getLastModifiedTime(partial).toMillis() + ABANDONED_MILLIS < now.toMillis()) {
                Files.deleteIfExists(partial);
            }
        } catch (final NoSuchFileException _) {
            return; // its writer has given it its name meanwhile
        }
    }

    private static boolean isPartialOf(final Path target, final Path entry) {
        final String name = entry.getFileName().toString();
        return name.startsWith("." + target.getFileName() + ".") && name.endsWith(PARTIAL);
    }

    /** @return bytes written so far */
    public long sizeBytes() {
        return sizeBytes;
    }

    /** Appends. @throws SpillwayException INVALID_VALUE when the disk is full, for instance */
    public void append(final MemorySegment bytes) {
        for (long at = 0; at < bytes.byteSize(); at += CHUNK_BYTES) {
            append(bytes.asSlice(at, Math.min(CHUNK_BYTES, bytes.byteSize() - at)).asByteBuffer());
        }
    }

    /** Appends zeros until the size is a multiple of {@code alignmentBytes}. */
    public void align(final int alignmentBytes) {
        append(ByteBuffer.allocate(Math.floorMod(-sizeBytes, alignmentBytes)));
    }

    private void append(final ByteBuffer bytes) {
        try {
            while (bytes.hasRemaining()) {
                sizeBytes += channel.write(bytes);
            }
        } catch (final IOException e) {
            throw failed(target, e);
        }
    }

    /** Makes the file durable and gives it its name. */
    public void commit() {
        finish(true);
    }

    /** Gives the file its name, without waiting for the disk: for what can be made again and is checked when it is read. */
    public void publish() {
        finish(false);
    }

    private void finish(final boolean durable) {
        try {
            if (durable) {
                channel.force(true);
            }
            channel.close();
            Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            committed = true;
        } catch (final IOException e) {
            throw failed(target, e);
        }
    }

    private static SpillwayException failed(final Path target, final IOException e) {
        return new SpillwayException(ErrorCode.INVALID_VALUE, "cannot write " + target + " (" + e + "); check the folder, its permissions and the space left", e);
    }

    @Override
    public void close() {
        if (committed) {
            return;
        }
        try {
            channel.close();
            Files.deleteIfExists(partial);
        } catch (final IOException e) {
            throw failed(target, e);
        }
    }
}
