package io.spillway.gateway.files;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.FileId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.time.EpochClock;
import io.spillway.gateway.json.Json;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * Files in the shared directory. The description is renamed into place after the content and removed before it, so that whoever
 * sees a description sees the whole file. Any thread, any process.
 */
public final class DirectoryFiles implements FileStore {
    private static final String CONTENT = ".content";
    private static final String DESCRIPTION = ".json";
    private static final int TENANT_HASH_BYTES = 20;
    private static final int CACHED_MAX = 50_000;

    private final SharedDirectory directory;
    private final FileLimits limits;
    private final EpochClock clock;
    /** Descriptions never change, so those read once need not be read again. */
    private final Map<Path, StoredFile> known = new ConcurrentHashMap<>();

    public DirectoryFiles(final SharedDirectory directory, final FileLimits limits, final EpochClock clock) {
        this.directory = directory;
        this.limits = limits;
        this.clock = clock;
    }

    @Override
    public Path uploads() {
        return directory.uploads();
    }

    @Override
    public StoredFile add(final NewFile file, final Path content) throws IOException {
        try {
            final long bytes = Files.size(content);
            if (file.purpose().uploadable()) {
                checkLimits(file.tenant(), bytes);
            }
            final long nowMillis = clock.epochMillis();
            final StoredFile stored = new StoredFile(file.id(), file.tenant(), file.name(), file.purpose(), bytes, nowMillis,
                file.keepSeconds().isEmpty() ? OptionalLong.empty()
                    : OptionalLong.of(nowMillis + TimeUnit.SECONDS.toMillis(file.keepSeconds().getAsLong())));
            final Path home = home(file.tenant());
            DurableFiles.makeDirectory(home);
            DurableFiles.force(content);
            Files.move(content, home.resolve(file.id() + CONTENT), StandardCopyOption.ATOMIC_MOVE);
            DurableFiles.forceNames(home);
            final Path description = home.resolve(file.id() + DESCRIPTION);
            known.remove(description);
            DurableFiles.write(description, describe(stored), uploads());
            DurableFiles.forceNames(home);
            return stored;
        } finally {
            Files.deleteIfExists(content);
        }
    }

    private void checkLimits(final TenantId tenant, final long bytes) throws IOException {
        final List<StoredFile> files = list(tenant);
        if (files.size() >= limits.tenantFilesMax()) {
            throw new SpillwayException(ErrorCode.RATE_LIMIT_EXCEEDED,
                "You have " + files.size() + " files, the most there may be; delete some");
        }
        if (files.stream().mapToLong(StoredFile::bytes).sum() + bytes > limits.tenantBytesMax()) {
            throw new SpillwayException(ErrorCode.RATE_LIMIT_EXCEEDED,
                "Your files would have more than " + limits.tenantBytesMax() + " bytes in all; delete some");
        }
    }

    @Override
    public Optional<StoredFile> find(final TenantId tenant, final FileId id) throws IOException {
        return read(tenant, id).filter(file -> !file.expired(clock.epochMillis()));
    }

    @Override
    public List<StoredFile> list(final TenantId tenant) throws IOException {
        final List<StoredFile> files = new ArrayList<>();
        for (final Path path : DurableFiles.names(home(tenant))) {
            final String name = path.getFileName().toString();
            if (name.endsWith(DESCRIPTION)) {
                find(tenant, new FileId(name.substring(0, name.length() - DESCRIPTION.length()))).ifPresent(files::add);
            }
        }
        files.sort(Comparator.comparingLong(StoredFile::createdMillis).thenComparing(StoredFile::id).reversed());
        return files;
    }

    @Override
    public Optional<FileChannel> open(final StoredFile file) throws IOException {
        try {
            return Optional.of(FileChannel.open(home(file.tenant()).resolve(file.id() + CONTENT), StandardOpenOption.READ));
        } catch (final NoSuchFileException e) {
            return Optional.empty();
        }
    }

    @Override
    public boolean delete(final TenantId tenant, final FileId id) throws IOException {
        final Path home = home(tenant);
        final Path description = home.resolve(id + DESCRIPTION);
        final boolean visible = find(tenant, id).isPresent();
        final boolean removed = Files.deleteIfExists(description);
        known.remove(description);
        if (removed) {
            DurableFiles.forceNames(home);
            Files.deleteIfExists(home.resolve(id + CONTENT));
        }
        return removed && visible;
    }

    @Override
    public boolean link(final StoredFile file, final Path place) throws IOException {
        final Path content = home(file.tenant()).resolve(file.id() + CONTENT);
        Files.deleteIfExists(place);
        try {
            Files.createLink(place, content);
        } catch (final NoSuchFileException e) {
            return false;
        } catch (final UnsupportedOperationException e) {
            Files.copy(content, place);
            DurableFiles.force(place);
        }
        DurableFiles.forceNames(place.getParent());
        return true;
    }

    /** Removes the files whose time is over. @return how many */
    public int sweep() throws IOException {
        int removed = 0;
        for (final Path home : DurableFiles.names(directory.tenants())) {
            for (final Path path : DurableFiles.names(home)) {
                if (path.getFileName().toString().endsWith(DESCRIPTION)) {
                    final Optional<StoredFile> file = read(path);
                    if (file.filter(found -> found.expired(clock.epochMillis())).isPresent()) {
                        delete(file.get().tenant(), file.get().id());
                        removed++;
                    }
                }
            }
        }
        return removed;
    }

    private Optional<StoredFile> read(final TenantId tenant, final FileId id) throws IOException {
        return read(home(tenant).resolve(id + DESCRIPTION)).filter(file -> file.tenant().equals(tenant));
    }

    private Optional<StoredFile> read(final Path description) throws IOException {
        final byte[] bytes;
        try {
            // Another process may have deleted it, so the name is looked up even when the content is known.
            if (known.containsKey(description) && Files.exists(description)) {
                return Optional.ofNullable(known.get(description));
            }
            bytes = Files.readAllBytes(description);
        } catch (final NoSuchFileException e) {
            known.remove(description);
            return Optional.empty();
        }
        final StoredFile file = parse(bytes);
        if (known.size() >= CACHED_MAX) {
            known.clear();
        }
        known.put(description, file);
        return Optional.of(file);
    }

    private static byte[] describe(final StoredFile file) {
        final ObjectNode node = Json.object().put("id", file.id().value()).put("tenant", file.tenant().value())
            .put("name", file.name()).put("purpose", file.purpose().text()).put("bytes", file.bytes())
            .put("created_millis", file.createdMillis());
        file.expiresMillis().ifPresent(expires -> node.put("expires_millis", expires));
        return Json.bytes(node);
    }

    private static StoredFile parse(final byte[] description) throws IOException {
        try {
            final ObjectNode node = Json.parse(description);
            return new StoredFile(new FileId(node.path("id").textValue()), new TenantId(node.path("tenant").textValue()),
                node.path("name").textValue(), FilePurpose.of(node.path("purpose").asText()).orElseThrow(),
                node.path("bytes").longValue(), node.path("created_millis").longValue(),
                node.has("expires_millis") ? OptionalLong.of(node.path("expires_millis").longValue()) : OptionalLong.empty());
        } catch (final RuntimeException e) {
            throw new IOException("a file's description is damaged: " + e.getMessage(), e);
        }
    }

    /** Tenants' names may hold what file names may not. */
    private Path home(final TenantId tenant) {
        try {
            final byte[] digest = MessageDigest.getInstance("SHA-256").digest(tenant.value().getBytes(StandardCharsets.UTF_8));
            return directory.tenants().resolve(HexFormat.of().formatHex(digest, 0, TENANT_HASH_BYTES));
        } catch (final NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK must have SHA-256", e);
        }
    }
}
