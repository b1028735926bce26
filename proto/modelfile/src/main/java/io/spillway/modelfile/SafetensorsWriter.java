package io.spillway.modelfile;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Writes a safetensors file: the directory first, then every tensor's bytes in the order announced, a piece at a time. The
 * file appears when {@link #commit} returns, whole. Used by one thread.
 */
public final class SafetensorsWriter implements AutoCloseable {
    private static final int ALIGNMENT_BYTES = 8;

    private final AtomicFile file;
    private final long endBytes;

    private SafetensorsWriter(final AtomicFile file, final long endBytes) {
        this.file = file;
        this.endBytes = endBytes;
    }

    /**
     * Writes the directory.
     *
     * @param metadata texts for {@code __metadata__}
     * @return owned by the caller
     * @throws io.spillway.domain.error.SpillwayException INVALID_VALUE when the file cannot be written
     */
    public static SafetensorsWriter create(final Path target, final Map<String, String> metadata, final List<PlannedTensor> tensors) {
        final ObjectNode directory = JsonNodeFactory.instance.objectNode();
        metadata.forEach(directory.putObject("__metadata__")::put);
        long offset = 0;
        for (final PlannedTensor tensor : tensors) {
            if (TensorType.ofSafetensors(tensor.type().name()).isEmpty()) {
                throw new IllegalArgumentException("safetensors has no " + tensor.type());
            }
            final ObjectNode entry = directory.putObject(tensor.name()).put("dtype", tensor.type().name());
            tensor.shape().forEach(entry.putArray("shape")::add);
            entry.putArray("data_offsets").add(offset).add(offset + tensor.sizeBytes());
            offset += tensor.sizeBytes();
        }
        final String text = directory.toString();
        final int length = text.getBytes(StandardCharsets.UTF_8).length;
        final byte[] header = (text + " ".repeat(Math.floorMod(-length, ALIGNMENT_BYTES))).getBytes(StandardCharsets.UTF_8);
        final AtomicFile file = AtomicFile.create(target);
        try {
            file.append(MemorySegment.ofArray(ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(header.length).array()));
            file.append(MemorySegment.ofArray(header));
            return new SafetensorsWriter(file, file.sizeBytes() + offset);
        } catch (final RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /** Appends bytes: the tensors lie one behind the other. */
    public void append(final MemorySegment bytes) {
        if (bytes.byteSize() > endBytes - file.sizeBytes()) {
            throw new IllegalStateException("only " + (endBytes - file.sizeBytes()) + " bytes are to come");
        }
        file.append(bytes);
    }

    /** Ends the file, which is then there. */
    public void commit() {
        requireAll();
        file.commit();
    }

    /** Like {@link #commit}, without waiting for the disk. */
    public void publish() {
        requireAll();
        file.publish();
    }

    private void requireAll() {
        if (file.sizeBytes() != endBytes) {
            throw new IllegalStateException((endBytes - file.sizeBytes()) + " bytes are missing");
        }
    }

    @Override
    public void close() {
        file.close();
    }
}
