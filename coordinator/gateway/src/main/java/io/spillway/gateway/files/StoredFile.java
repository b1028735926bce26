package io.spillway.gateway.files;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.id.FileId;
import io.spillway.domain.id.TenantId;
import java.util.OptionalLong;

/**
 * A file that is there. Immutable; any thread.
 *
 * @param name          as its owner calls it; never a path of ours
 * @param createdMillis milliseconds since 1970
 * @param expiresMillis when it goes; empty = when somebody deletes it
 */
public record StoredFile(
    FileId id, TenantId tenant, String name, FilePurpose purpose, long bytes, long createdMillis,
    OptionalLong expiresMillis) {
    public StoredFile {
        requireNonNull(id, "id");
        requireNonNull(tenant, "tenant");
        requireNonNull(name, "name");
        requireNonNull(purpose, "purpose");
        requireNonNull(expiresMillis, "expiresMillis");
    }

    boolean expired(final long nowMillis) {
        return expiresMillis.isPresent() && expiresMillis.getAsLong() <= nowMillis;
    }
}
