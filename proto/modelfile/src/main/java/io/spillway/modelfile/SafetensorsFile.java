package io.spillway.modelfile;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import com.fasterxml.jackson.databind.JsonNode;
import io.spillway.domain.error.SpillwayException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One safetensors file, memory mapped: a JSON directory, then the tensors' bytes.
 *
 * <p>Immutable after {@link #open}; any thread may read until {@link #close}.
 */
public final class SafetensorsFile implements AutoCloseable {
    private static final int HEADER_BYTES_MAX = 100_000_000; // the format's own limit
    private static final int TENSORS_MAX = 1 << 17;
    private static final int DIMENSIONS_MAX = 8;

    private final MappedFile file;
    private final Map<String, TensorEntry> tensors = new LinkedHashMap<>();

    private SafetensorsFile(final MappedFile file) {
        this.file = file;
        final GgufCursor cursor = new GgufCursor(file);
        final int headerBytes = cursor.nextCount("header length", 1, HEADER_BYTES_MAX);
        final byte[] header = file.bytes().asSlice(Long.BYTES, headerBytes).toArray(JAVA_BYTE);
        final JsonNode directory = Json.readObject(file.path(), header);
        if (directory.size() > TENSORS_MAX) {
            throw Refusal.of(file.path(), directory.size() + " tensors are over the limit of " + TENSORS_MAX);
        }
        for (final Map.Entry<String, JsonNode> field : directory.properties()) {
            if (!field.getKey().equals("__metadata__")) {
                tensors.put(field.getKey(), entry(field.getKey(), field.getValue(), Long.BYTES + (long) headerBytes));
            }
        }
        Overlaps.refuse(file.path(), tensors.values());
    }

    /**
     * Maps the file and reads its directory.
     *
     * @throws SpillwayException INVALID_MODEL_FILE when it is missing, cut short, no safetensors, or contradicts itself
     */
    public static SafetensorsFile open(final Path path) {
        return read(MappedFile.open(path));
    }

    static SafetensorsFile read(final MappedFile file) {
        try {
            return new SafetensorsFile(file);
        } catch (final SpillwayException e) {
            file.close();
            throw e;
        }
    }

    private TensorEntry entry(final String name, final JsonNode node, final long dataBytes) {
        final String typeName = node.path("dtype").asText("");
        final TensorType type = TensorType.ofSafetensors(typeName).orElseThrow(() -> Refusal.of(file.path(), "tensor "
                + Refusal.quote(name) + " has unknown type " + Refusal.quote(typeName) + "; deploy/docs/formats.md lists those that load"));
        final List<Long> shape = longs(name, node.path("shape"), DIMENSIONS_MAX);
        final List<Long> offsets = longs(name, node.path("data_offsets"), 2);
        final long sizeBytes = TensorSize.bytes(file.path(), name, type, shape);
        final long availableBytes = file.sizeBytes() - dataBytes;
        if (offsets.size() != 2 || offsets.get(0) < 0 || offsets.get(0) > availableBytes
                || offsets.get(1) > availableBytes || offsets.get(1) - offsets.get(0) != sizeBytes) {
            throw Refusal.damaged(file.path(), "tensor " + Refusal.quote(name) + " of " + sizeBytes + " bytes lies at " + offsets
                    + " of " + availableBytes);
        }
        return new TensorEntry(name, type, shape, dataBytes + offsets.get(0), sizeBytes);
    }

    private List<Long> longs(final String name, final JsonNode node, final int countMax) {
        final List<Long> values = new ArrayList<>();
        if (!node.isArray() || node.size() > countMax) {
            throw Refusal.damaged(file.path(), "tensor " + Refusal.quote(name) + " has no valid shape or offsets");
        }
        for (final JsonNode element : node) {
            if (!element.isIntegralNumber() || !element.canConvertToLong()) {
                throw Refusal.damaged(file.path(), "tensor " + Refusal.quote(name) + " has no valid shape or offsets");
            }
            values.add(element.longValue());
        }
        return values;
    }

    /** @return where the file is */
    public Path path() {
        return file.path();
    }

    /** @return tensors in directory order */
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
