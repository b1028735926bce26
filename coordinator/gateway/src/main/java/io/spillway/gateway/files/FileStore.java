package io.spillway.gateway.files;

import io.spillway.domain.id.FileId;
import io.spillway.domain.id.TenantId;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Port: where files are kept. A file is there entirely or not at all, and durable once it is there; a tenant sees its own files
 * only. Any thread; calls block for the disk.
 */
public interface FileStore {
    /**
     * What a new file is to be.
     *
     * @param id          of its own
     * @param keepSeconds how long it is kept; empty = until it is deleted
     */
    record NewFile(FileId id, TenantId tenant, String name, FilePurpose purpose, OptionalLong keepSeconds) {
    }

    /** @return where content for {@link #add} is to be written, on the same file system; nothing lives there for long */
    Path uploads() throws IOException;

    /**
     * Takes a finished file over. A file of the same id is replaced.
     *
     * @param content in {@link #uploads}; moved away, or deleted on failure
     * @return the file, durable
     * @throws io.spillway.domain.error.SpillwayException {@code RATE_LIMIT_EXCEEDED} when its tenant has too many files or bytes
     */
    StoredFile add(NewFile file, Path content) throws IOException;

    /** @return that tenant's file */
    Optional<StoredFile> find(TenantId tenant, FileId id) throws IOException;

    /** @return that tenant's files, newest first */
    List<StoredFile> list(TenantId tenant) throws IOException;

    /** @return its content, to be read from position 0; empty when it is gone. The caller closes it */
    Optional<FileChannel> open(StoredFile file) throws IOException;

    /** @return whether it was there */
    boolean delete(TenantId tenant, FileId id) throws IOException;

    /**
     * Makes another name for a file's content, which lasts when the file is deleted.
     *
     * @param place a path on the same file system; replaced if it exists
     * @return whether the file was there
     */
    boolean link(StoredFile file, Path place) throws IOException;
}
