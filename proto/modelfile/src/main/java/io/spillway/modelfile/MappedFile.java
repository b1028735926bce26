package io.spillway.modelfile;

import io.spillway.domain.error.SpillwayException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;

/** A file mapped read-only. Owns the mapping: closing it ends every segment taken from it. */
final class MappedFile implements AutoCloseable {
    private static final int DIGEST_CHUNK_BYTES = 1 << 20;
    private static final int SAMPLE_BYTES = 4096;
    private static final int SAMPLES = 64;

    private final Path path;
    private final Arena arena; // null: the bytes are someone else's
    private final MemorySegment bytes;

    private MappedFile(final Path path, final Arena arena, final MemorySegment bytes) {
        this.path = path;
        this.arena = arena;
        this.bytes = bytes;
    }

    /** @throws SpillwayException INVALID_MODEL_FILE when the path is missing, no regular file, empty or unreadable */
    static MappedFile open(final Path path) {
        requireFile(path);
        final Arena arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            if (channel.size() == 0) {
                throw Refusal.damaged(path, "the file is empty");
            }
            return new MappedFile(path, arena, channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena));
        } catch (final IOException e) {
            arena.close();
            throw Refusal.of(path, "cannot be read (" + e.getMessage() + "); check its permissions", e);
        } catch (final SpillwayException e) {
            arena.close();
            throw e;
        }
    }

    /** @return bytes that are in memory already, under a name for messages; {@link #close} leaves them alone */
    static MappedFile of(final Path name, final MemorySegment bytes) {
        return new MappedFile(name, null, bytes);
    }

    private static void requireFile(final Path path) {
        if (!Files.exists(path)) {
            throw Refusal.of(path, "no such file; check the path");
        }
        if (!Files.isRegularFile(path)) {
            throw Refusal.of(path, "is not a regular file; give a .gguf file or a Hugging Face directory");
        }
    }

    Path path() {
        return path;
    }

    long sizeBytes() {
        return bytes.byteSize();
    }

    /** @return the whole file; borrowed until {@link #close()} */
    MemorySegment bytes() {
        return bytes;
    }

    /** Feeds every byte to {@code digest}, a chunk at a time. */
    void digestInto(final MessageDigest digest) {
        final byte[] chunk = new byte[(int) Math.min(DIGEST_CHUNK_BYTES, bytes.byteSize())];
        final MemorySegment target = MemorySegment.ofArray(chunk);
        for (long offset = 0; offset < bytes.byteSize(); offset += chunk.length) {
            final int length = (int) Math.min(chunk.length, bytes.byteSize() - offset);
            MemorySegment.copy(bytes, offset, target, 0, length);
            digest.update(chunk, 0, length);
        }
    }

    /** Feeds the file's name, size, time of change and evenly spread pieces of it to {@code digest}. */
    void sampleInto(final MessageDigest digest) {
        digest.update(path.getFileName().toString().getBytes(StandardCharsets.UTF_8));
        digest.update(ByteBuffer.allocate(2 * Long.BYTES).putLong(sizeBytes()).putLong(changedMillis()).array());
        final long step = Math.max(SAMPLE_BYTES, sizeBytes() / SAMPLES);
        for (long at = 0; at < sizeBytes(); at += step) {
            digest.update(bytes.asSlice(at, Math.min(SAMPLE_BYTES, sizeBytes() - at)).asByteBuffer());
        }
    }

    private long changedMillis() {
        try {
            return Files.getLastModifiedTime(path).toMillis();
        } catch (final IOException e) {
            throw Refusal.of(path, "cannot be read (" + e.getMessage() + "); check its permissions", e);
        }
    }

    @Override
    public void close() {
        if (arena != null) {
            arena.close();
        }
    }
}
