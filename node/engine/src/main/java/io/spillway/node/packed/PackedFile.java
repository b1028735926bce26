package io.spillway.node.packed;

import io.spillway.modelfile.AtomicFile;
import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.compute.WorkerPool;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.zip.CRC32C;

/**
 * The side file, open for reading. Weights are read into memory of the engine's own and not mapped: only that memory has large
 * pages, and kernels that stream through 4 KiB pages lose a tenth to a quarter of their speed.
 *
 * <pre>
 * magic, layout version, header bytes, entry count (4 × u32) | key [32] | file bytes u64
 * directory: entries, see {@link PackedEntry}
 * CRC-32C of everything before it (u32) | zeros up to a page
 * matrices, each from a page boundary on
 * </pre>
 *
 * <p>Owns the open file. Used by the loading thread, and by workers inside a call.
 */
final class PackedFile implements AutoCloseable {
    private static final int MAGIC = 0x4B505753; // "SWPK"
    private static final int KEY_BYTES = 32;
    private static final int FIXED_BYTES = 4 * Integer.BYTES + KEY_BYTES + Long.BYTES;
    private static final int HEADER_BYTES_MAX = 1 << 28;
    private static final int ENTRIES_MAX = 1 << 20;

    private final FileChannel channel;
    private final Map<String, PackedEntry> entries;

    private PackedFile(final FileChannel channel, final Map<String, PackedEntry> entries) {
        this.channel = channel;
        this.entries = entries;
    }

    /**
     * Opens a file and checks its header.
     *
     * @param key 32 bytes that the file must have been written for
     * @return empty when there is none, or it is another model's, another layout's, cut short or damaged
     */
    static Optional<PackedFile> open(final Path path, final byte[] key) {
        try {
            final FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
            try (Arena arena = Arena.ofConfined()) {
                final MemorySegment bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
                return Optional.of(new PackedFile(channel, directory(bytes, key)));
            } catch (final IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
        } catch (final IOException | RuntimeException _) {
            // Whatever is wrong with it, the answer is the same: the weights are packed again.
            return Optional.empty();
        }
    }

    private static Map<String, PackedEntry> directory(final MemorySegment bytes, final byte[] key) {
        require(bytes.byteSize() >= FIXED_BYTES + Integer.BYTES);
        final ByteBuffer fixed = bytes.asSlice(0, FIXED_BYTES).asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        require(fixed.getInt() == MAGIC && fixed.getInt() == PackedMatrix.LAYOUT_VERSION);
        final int headerBytes = fixed.getInt();
        final int count = fixed.getInt();
        final byte[] foundKey = new byte[KEY_BYTES];
        fixed.get(foundKey);
        require(Arrays.equals(foundKey, key) && fixed.getLong() == bytes.byteSize());
        require(headerBytes >= FIXED_BYTES + Integer.BYTES && headerBytes <= Math.min(bytes.byteSize(), HEADER_BYTES_MAX)
                && count >= 0 && count <= ENTRIES_MAX);
        final ByteBuffer header = bytes.asSlice(0, headerBytes).asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        require(header.getInt(headerBytes - Integer.BYTES) == checksum(bytes.asSlice(0, headerBytes - Integer.BYTES)));
        header.position(FIXED_BYTES).limit(headerBytes - Integer.BYTES);
        final Map<String, PackedEntry> entries = new HashMap<>();
        for (int i = 0; i < count; i++) {
            final PackedEntry entry = PackedEntry.read(header);
            require(entry.offsetBytes() >= headerBytes && entry.offsetBytes() % PackedEntry.ALIGNMENT_BYTES == 0
                    && entry.offsetBytes() <= bytes.byteSize() - entry.sizeBytes());
            entries.put(entry.label(), entry);
        }
        return entries;
    }

    private static void require(final boolean holds) {
        if (!holds) {
            throw new IllegalArgumentException("not this model's packed weights");
        }
    }

    /** @return the entry of that label */
    Optional<PackedEntry> find(final String label) {
        return Optional.ofNullable(entries.get(label));
    }

    /**
     * Reads and checks an entry; workers share its chunks.
     *
     * @param target as large as the entry; undefined when the answer is false
     * @return whether every byte is as it was written
     */
    boolean read(final PackedEntry entry, final MemorySegment target, final WorkerPool workers) {
        final AtomicBoolean damaged = new AtomicBoolean();
        workers.run(entry.checksums().length, (index, worker) -> {
            final MemorySegment chunk = chunk(target, index);
            if (!filled(chunk.asByteBuffer(), entry.offsetBytes() + (long) index * PackedEntry.CHUNK_BYTES)
                    || checksum(chunk) != entry.checksums()[index]) {
                damaged.set(true);
            }
        });
        return !damaged.get();
    }

    private boolean filled(final ByteBuffer chunk, final long offsetBytes) {
        try {
            while (chunk.hasRemaining()) {
                if (channel.read(chunk, offsetBytes + chunk.position()) < 0) {
                    return false;
                }
            }
            return true;
        } catch (final IOException _) {
            return false; // a disk that cannot be read is a damaged file: packed again
        }
    }

    private static MemorySegment chunk(final MemorySegment segment, final int index) {
        final long at = (long) index * PackedEntry.CHUNK_BYTES;
        return segment.asSlice(at, Math.min(PackedEntry.CHUNK_BYTES, segment.byteSize() - at));
    }

    private static int checksum(final MemorySegment bytes) {
        final CRC32C crc = new CRC32C();
        crc.update(bytes.asByteBuffer());
        return (int) crc.getValue();
    }

    /** Writes a side file. The name appears when everything is in it; what a crash leaves is found out by the checksums. */
    static void write(final Path path, final byte[] key, final Map<String, PackedMatrix> matrices, final WorkerPool workers) {
        int headerBytes = FIXED_BYTES + Integer.BYTES;
        final List<PackedEntry> relative = new ArrayList<>();
        for (final Map.Entry<String, PackedMatrix> matrix : matrices.entrySet()) {
            relative.add(entry(matrix.getKey(), matrix.getValue(), workers));
            headerBytes += relative.getLast().headerBytes();
        }
        long offset = aligned(headerBytes);
        final List<PackedEntry> placed = new ArrayList<>();
        for (final PackedEntry e : relative) {
            placed.add(new PackedEntry(e.label(), e.dtype(), e.rows(), e.columns(), offset, e.checksums()));
            offset += aligned(e.sizeBytes());
        }
        try (AtomicFile file = AtomicFile.create(path)) {
            file.append(header(headerBytes, key, offset, placed));
            file.align(PackedEntry.ALIGNMENT_BYTES);
            for (final PackedMatrix matrix : matrices.values()) {
                file.append(matrix.bytes().asSlice(0, PackedMatrix.sizeBytes(matrix.dtype(), matrix.rows(), matrix.columns())));
                file.align(PackedEntry.ALIGNMENT_BYTES);
            }
            file.publish();
        }
    }

    private static long aligned(final long bytes) {
        return Math.ceilDiv(bytes, (long) PackedEntry.ALIGNMENT_BYTES) * PackedEntry.ALIGNMENT_BYTES;
    }

    private static PackedEntry entry(final String label, final PackedMatrix matrix, final WorkerPool workers) {
        final long sizeBytes = PackedMatrix.sizeBytes(matrix.dtype(), matrix.rows(), matrix.columns());
        final MemorySegment segment = matrix.bytes().asSlice(0, sizeBytes);
        final int[] checksums = new int[PackedEntry.chunks(sizeBytes)];
        workers.run(checksums.length, (chunk, worker) -> checksums[chunk] = checksum(chunk(segment, chunk)));
        return new PackedEntry(label, matrix.dtype(), matrix.rows(), matrix.columns(), 0, checksums);
    }

    private static MemorySegment header(final int headerBytes, final byte[] key, final long fileBytes, final List<PackedEntry> entries) {
        final ByteBuffer header = ByteBuffer.allocate(headerBytes).order(ByteOrder.LITTLE_ENDIAN);
        header.putInt(MAGIC).putInt(PackedMatrix.LAYOUT_VERSION).putInt(headerBytes).putInt(entries.size()).put(key).putLong(fileBytes);
        entries.forEach(entry -> entry.write(header));
        final MemorySegment segment = MemorySegment.ofArray(header.array());
        header.putInt(checksum(segment.asSlice(0, headerBytes - Integer.BYTES)));
        return segment;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
