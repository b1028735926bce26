package io.spillway.gateway.responses;

import static java.util.Objects.requireNonNull;

import java.nio.file.Path;
import java.util.Optional;

/**
 * How responses are kept and run.
 *
 * @param kept              bounds of what is stored
 * @param directory         where documents are; all replicas must share it. Empty: in this process's memory
 * @param backgroundRunsMax responses that may run in the background at a time; one more is refused
 * @param eventsBytesMax    events of background responses that are held for clients that come back
 */
public record ResponsesConfig(ResponseStore.Limits kept, Optional<Path> directory, int backgroundRunsMax, long eventsBytesMax) {
    /** A day, 256 MiB, 64 MiB of them for one tenant; in memory; 256 runs, 64 MiB of events. */
    public static final ResponsesConfig USUAL = new ResponsesConfig(
        new ResponseStore.Limits(86_400_000L, 256L << 20, 64L << 20), Optional.empty(), 256, 64L << 20);

    public ResponsesConfig {
        requireNonNull(kept, "kept");
        requireNonNull(directory, "directory");
        if (backgroundRunsMax < 1 || eventsBytesMax < 1) {
            throw new IllegalArgumentException("backgroundRunsMax and eventsBytesMax must be positive");
        }
    }
}
