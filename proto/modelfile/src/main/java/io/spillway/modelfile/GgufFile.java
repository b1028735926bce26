package io.spillway.modelfile;

import io.spillway.domain.error.SpillwayException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;

/**
 * A GGUF file (versions 2 and 3), memory mapped: its metadata, and its tensors as borrowed segments.
 *
 * <p>Immutable after {@link #open}; any thread may read until {@link #close}.
 */
public final class GgufFile implements AutoCloseable {
    private static final int MAGIC = 0x46554747;         // "GGUF", little-endian
    private static final int TENSORS_MAX = 1 << 17;
    private static final int TENSOR_ENTRY_BYTES_MIN = 24; // name length, dimensions, type, offset
    private static final int DIMENSIONS_MAX = 4;
    private static final int ALIGNMENT_BYTES_DEFAULT = 32;
    private static final int ALIGNMENT_BYTES_MAX = 1 << 20;

    private final MappedFile file;
    private final GgufMetadata metadata;
    private final Map<String, TensorEntry> tensors;

    private GgufFile(final MappedFile file) {
        this.file = file;
        final GgufCursor cursor = new GgufCursor(file);
        checkVersion(cursor);
        final int tensorCount = cursor.nextCount("tensor count", TENSOR_ENTRY_BYTES_MIN, TENSORS_MAX);
        final int keyCount = GgufMetadata.nextKeyCount(cursor);
        metadata = GgufMetadata.read(file.path(), cursor, keyCount);
        tensors = readTensors(cursor, tensorCount);
    }

    /**
     * Maps the file and reads its header.
     *
     * @throws SpillwayException INVALID_MODEL_FILE when it is missing, cut short, no GGUF, or contradicts itself
     */
    public static GgufFile open(final Path path) {
        return read(MappedFile.open(path));
    }

    static GgufFile read(final MappedFile file) {
        try {
            return new GgufFile(file);
        } catch (final SpillwayException e) {
            file.close();
            throw e;
        }
    }

    private void checkVersion(final GgufCursor cursor) {
        if (file.sizeBytes() < Integer.BYTES || cursor.nextInt() != MAGIC) {
            throw Refusal.of(file.path(), "is not a GGUF file (it does not start with GGUF); give a .gguf file or a Hugging Face directory");
        }
        final int version = cursor.nextInt();
        if (version != 2 && version != 3) {
            throw Refusal.of(file.path(), "has GGUF version " + Integer.toUnsignedString(version)
                    + "; versions 2 and 3 (little-endian) are read, convert it again with a current tool");
        }
    }

    private Map<String, TensorEntry> readTensors(final GgufCursor cursor, final int tensorCount) {
        final List<TensorEntry> relative = new ArrayList<>();
        for (int i = 0; i < tensorCount; i++) {
            relative.add(nextEntry(cursor));
        }
        final int alignmentBytes = alignmentBytes();
        final long dataBytes = Math.ceilDiv(cursor.positionBytes(), alignmentBytes) * (long) alignmentBytes;
        final Map<String, TensorEntry> entries = new LinkedHashMap<>();
        for (final TensorEntry entry : relative) {
            final TensorEntry placed = placed(entry, dataBytes, alignmentBytes);
            if (entries.putIfAbsent(entry.name(), placed) != null) {
                throw Refusal.damaged(file.path(), "tensor " + Refusal.quote(entry.name()) + " stands twice");
            }
        }
        Overlaps.refuse(file.path(), entries.values());
        return entries;
    }

    private int alignmentBytes() {
        final long alignment = integer("general.alignment").orElse(ALIGNMENT_BYTES_DEFAULT);
        if (alignment <= 0 || alignment > ALIGNMENT_BYTES_MAX || Long.bitCount(alignment) != 1) {
            throw Refusal.damaged(file.path(), "general.alignment " + alignment + " is no power of two up to " + ALIGNMENT_BYTES_MAX);
        }
        return (int) alignment;
    }

    private TensorEntry nextEntry(final GgufCursor cursor) {
        final String name = cursor.nextString("tensor name");
        final int dimensions = cursor.nextInt();
        if (dimensions < 0 || dimensions > DIMENSIONS_MAX) {
            throw Refusal.damaged(file.path(), "tensor " + Refusal.quote(name) + " has " + Integer.toUnsignedString(dimensions) + " dimensions");
        }
        final List<Long> shape = new ArrayList<>();
        for (int d = 0; d < dimensions; d++) {
            shape.addFirst(cursor.nextLong()); // GGUF writes the innermost first
        }
        final int number = cursor.nextInt();
        final TensorType type = TensorType.ofGguf(number).orElseThrow(() -> Refusal.of(file.path(), "tensor "
                + Refusal.quote(name) + " has unknown type " + number + "; deploy/docs/formats.md lists those that load"));
        final long sizeBytes = TensorSize.bytes(file.path(), name, type, shape);
        return new TensorEntry(name, type, shape, cursor.nextLong(), sizeBytes);
    }

    private TensorEntry placed(final TensorEntry entry, final long dataBytes, final int alignmentBytes) {
        final long availableBytes = file.sizeBytes() - dataBytes;
        final long offset = entry.offsetBytes();
        if (offset < 0 || offset % alignmentBytes != 0) {
            throw Refusal.damaged(file.path(), "tensor " + Refusal.quote(entry.name()) + " has the impossible offset "
                    + Long.toUnsignedString(offset));
        }
        if (offset > availableBytes || entry.sizeBytes() > availableBytes - offset) {
            throw Refusal.damaged(file.path(), "tensor " + Refusal.quote(entry.name()) + " ends " + (offset - availableBytes + entry.sizeBytes())
                    + " bytes past the end of the file");
        }
        return new TensorEntry(entry.name(), entry.type(), entry.shape(), dataBytes + offset, entry.sizeBytes());
    }

    /** @return where the file is */
    public Path path() {
        return file.path();
    }

    /** @return metadata keys in file order */
    public Set<String> keys() {
        return metadata.values().keySet();
    }

    /** @return the value under {@code key} as it is stored, for writing it elsewhere; empty when absent */
    public Optional<GgufValue> value(final String key) {
        return metadata.span(key).map(span -> new GgufValue(
                file.bytes().asSlice(span.fromBytes(), span.toBytes() - span.fromBytes()).toArray(ValueLayout.JAVA_BYTE)));
    }

    /** @return the text under {@code key}; empty when absent or of another type */
    public Optional<String> string(final String key) {
        return metadata.value(key, String.class);
    }

    /** @return the integer under {@code key}, of any width; empty when absent or of another type */
    public OptionalLong integer(final String key) {
        return metadata.value(key, Long.class).map(OptionalLong::of).orElse(OptionalLong.empty());
    }

    /** @return the real number under {@code key}, an integer too; empty when absent or of another type */
    public OptionalDouble real(final String key) {
        return metadata.value(key, Number.class).map(n -> OptionalDouble.of(n.doubleValue())).orElse(OptionalDouble.empty());
    }

    /** @return the truth value under {@code key}; empty when absent or of another type */
    public Optional<Boolean> bool(final String key) {
        return metadata.value(key, Boolean.class);
    }

    /** @return the texts under {@code key}, immutable; empty when absent or of another type */
    @SuppressWarnings("unchecked") // the reader stores no list but of strings
    public Optional<List<String>> strings(final String key) {
        return metadata.value(key, List.class).map(list -> (List<String>) list);
    }

    /**
     * @return a copy of the integers under {@code key}; empty when absent or of another type
     * @throws SpillwayException INVALID_MODEL_FILE when one is outside 32 bits
     */
    public Optional<int[]> integers(final String key) {
        return metadata.value(key, long[].class).map(values -> {
            final int[] narrowed = new int[values.length];
            for (int i = 0; i < values.length; i++) {
                narrowed[i] = (int) values[i];
                if (narrowed[i] != values[i]) {
                    throw Refusal.of(file.path(), "metadata " + Refusal.quote(key) + " holds " + values[i] + ", which is over 32 bits");
                }
            }
            return narrowed;
        });
    }

    /** @return a copy of the real numbers under {@code key}; empty when absent or of another type */
    public Optional<float[]> reals(final String key) {
        return metadata.value(key, float[].class).map(float[]::clone);
    }

    /** @return tensors in file order */
    public List<TensorEntry> tensors() {
        return List.copyOf(tensors.values());
    }

    /** @return the entry of that name */
    public Optional<TensorEntry> find(final String name) {
        return Optional.ofNullable(tensors.get(name));
    }

    /**
     * @return the tensor's stored bytes; borrowed until {@link #close}
     * @throws SpillwayException INVALID_MODEL_FILE when there is none of that name
     */
    public MemorySegment tensor(final String name) {
        final TensorEntry entry = find(name).orElseThrow(() -> Refusal.of(file.path(), "has no tensor " + Refusal.quote(name)));
        return file.bytes().asSlice(entry.offsetBytes(), entry.sizeBytes());
    }

    void digestInto(final MessageDigest digest) {
        file.digestInto(digest);
    }

    void sampleInto(final MessageDigest digest) {
        file.sampleInto(digest);
    }

    @Override
    public void close() {
        file.close();
    }
}
