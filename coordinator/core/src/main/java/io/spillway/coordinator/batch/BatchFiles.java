package io.spillway.coordinator.batch;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.id.FileId;
import java.util.Optional;

/**
 * What came out of a batch.
 *
 * @param output answers with success; empty while there are none
 * @param errors answers with an error, and lines given up; empty while there are none
 */
public record BatchFiles(Optional<FileId> output, Optional<FileId> errors) {
    /** Nothing. */
    public static final BatchFiles NONE = new BatchFiles(Optional.empty(), Optional.empty());

    public BatchFiles {
        requireNonNull(output, "output");
        requireNonNull(errors, "errors");
    }
}
