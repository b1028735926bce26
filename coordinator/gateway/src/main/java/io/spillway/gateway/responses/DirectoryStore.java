package io.spillway.gateway.responses;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.time.EpochClock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Responses in a directory that all replicas share: one file each, in a folder for each tenant, readable by this process's user alone.
 * A file's time of change is when its document was last used. Any thread; blocks for the disk.
 */
final class DirectoryStore implements ResponseStore {
    private static final System.Logger LOG = System.getLogger(DirectoryStore.class.getName());
    private static final String SUFFIX = ".json";
    /** Bounds are looked at whenever so much of them has been written. */
    private static final int SWEEP_SHARE = 16;

    private final Path directory;
    private final Limits limits;
    private final EpochClock clock;
    private final DirectorySweep sweep;
    private final AtomicLong unsweptBytes = new AtomicLong();
    private final AtomicLong sweptMillis;

    private DirectoryStore(final Path directory, final Limits limits, final EpochClock clock) {
        this.directory = directory;
        this.limits = requireNonNull(limits, "limits");
        this.clock = requireNonNull(clock, "clock");
        this.sweep = new DirectorySweep(directory, limits);
        this.sweptMillis = new AtomicLong(clock.epochMillis());
    }

    /** @throws SpillwayException {@code INVALID_CONFIG} when there is no such directory and none can be made */
    static DirectoryStore open(final Path directory, final Limits limits, final EpochClock clock) {
        try {
            makeFolder(directory);
            final DirectoryStore store = new DirectoryStore(directory, limits, clock);
            store.sweep.run(clock.epochMillis());
            return store;
        } catch (final IOException e) {
            throw SpillwayException.ofField(ErrorCode.INVALID_CONFIG, "responses.directory",
                "responses cannot be kept in " + directory + ": " + e.getMessage());
        }
    }

    private static void makeFolder(final Path folder) throws IOException {
        if (Files.isDirectory(folder)) {
            return;
        }
        Files.createDirectories(folder.toAbsolutePath().getParent());
        Files.createDirectories(folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }

    @Override
    public boolean put(final ResponseKey key, final byte[] document) {
        if (document.length > Math.min(limits.tenantBytesMax(), limits.bytesMax())) {
            return false;
        }
        try {
            write(file(key), document);
            sweepNowAndThen(document.length);
            return true;
        } catch (final IOException e) {
            LOG.log(System.Logger.Level.ERROR, "a response could not be kept in " + directory, e);
            return false;
        }
    }

    /** A reader sees the document before or this one, whole; what was said to be kept survives a crash of the machine. */
    private void write(final Path file, final byte[] document) throws IOException {
        makeFolder(file.getParent());
        final Path fresh = Files.createTempFile(file.getParent(), "new-", ".tmp"); // readable by the user alone
        try (FileChannel channel = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
            final ByteBuffer bytes = ByteBuffer.wrap(document);
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
        touch(fresh);
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private void touch(final Path file) throws IOException {
        Files.setLastModifiedTime(file, FileTime.fromMillis(clock.epochMillis()));
    }

    @Override
    public Optional<byte[]> get(final ResponseKey key) {
        final Path file = file(key);
        try {
            if (Files.getLastModifiedTime(file).toMillis() <= clock.epochMillis() - limits.keptMillis()) {
                Files.deleteIfExists(file);
                return Optional.empty();
            }
            final byte[] document = Files.readAllBytes(file);
            touch(file);
            return Optional.of(document);
        } catch (final NoSuchFileException e) {
            // Never was, or another replica removed it just now.
            return Optional.empty();
        } catch (final IOException e) {
            throw new SpillwayException(ErrorCode.INTERNAL, "a response could not be read from " + directory, e);
        }
    }

    @Override
    public boolean remove(final ResponseKey key) {
        try {
            return Files.deleteIfExists(file(key));
        } catch (final IOException e) {
            throw new SpillwayException(ErrorCode.INTERNAL, "a response could not be removed from " + directory, e);
        }
    }

    @Override
    public boolean shared() {
        return true;
    }

    private void sweepNowAndThen(final long bytes) {
        final long nowMillis = clock.epochMillis();
        final boolean much = unsweptBytes.addAndGet(bytes) > limits.bytesMax() / SWEEP_SHARE;
        final long last = sweptMillis.get();
        final boolean late = nowMillis - last > limits.keptMillis() / SWEEP_SHARE;
        if ((much || late) && sweptMillis.compareAndSet(last, nowMillis)) {
            unsweptBytes.set(0);
            try {
                sweep.run(nowMillis);
            } catch (final IOException e) {
                LOG.log(System.Logger.Level.WARNING, "old responses could not be removed from " + directory, e);
            }
        }
    }

    private Path file(final ResponseKey key) {
        return directory.resolve(folder(key.tenant())).resolve(key.id() + SUFFIX);
    }

    /** Tenants' names may hold what file names may not. */
    private static String folder(final TenantId tenant) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(tenant.value().getBytes(StandardCharsets.UTF_8)), 0, 16);
        } catch (final NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK must have SHA-256", e);
        }
    }
}
