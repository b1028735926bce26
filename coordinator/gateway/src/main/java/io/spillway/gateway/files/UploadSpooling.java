package io.spillway.gateway.files;

import io.spillway.coordinator.access.Scope;
import io.spillway.gateway.http.BodySpooling;
import io.spillway.gateway.http.HttpCall;
import io.spillway.gateway.openai.ApiKeys;
import java.nio.file.Path;

/** Uploads go to the disk as they come, those of known tenants only. Any thread. */
public final class UploadSpooling implements BodySpooling {
    /** Room for the form around the file. */
    private static final long FORM_BYTES = 1 << 20;
    private static final int UPLOADS_AT_ONCE = 8;

    private final ApiKeys keys;
    private final SharedDirectory directory;
    private final FileLimits limits;

    public UploadSpooling(final ApiKeys keys, final SharedDirectory directory, final FileLimits limits) {
        this.keys = keys;
        this.directory = directory;
        this.limits = limits;
    }

    @Override
    public boolean takes(final String method, final String path) {
        return method.equals("POST") && path.equals(FilesApi.FILES);
    }

    @Override
    public void admit(final HttpCall head) {
        keys.having(Scope.INFERENCE).check(head);
    }

    @Override
    public Path directory() {
        return directory.uploads();
    }

    @Override
    public long bodyBytesMax() {
        return limits.fileBytesMax() + FORM_BYTES;
    }

    @Override
    public long bodiesBytesMax() {
        return UPLOADS_AT_ONCE * bodyBytesMax();
    }
}
