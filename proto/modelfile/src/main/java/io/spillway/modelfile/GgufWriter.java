package io.spillway.modelfile;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Writes a GGUF file (version 3): the header first, then every tensor's bytes in the order announced, a piece at a time. The
 * file appears when {@link #commit} returns, whole. Used by one thread.
 */
public final class GgufWriter implements AutoCloseable {
    /** Where tensors begin: a multiple of this. */
    public static final int ALIGNMENT_BYTES = 32;
    private static final int VERSION = 3;

    private final AtomicFile file;
    private final List<PlannedTensor> tensors;
    private int index;
    private long pendingBytes;

    private GgufWriter(final AtomicFile file, final List<PlannedTensor> tensors) {
        this.file = file;
        this.tensors = tensors;
    }

    /**
     * Writes the header.
     *
     * @param metadata in the order of the file; {@code general.alignment}, if there, must be {@value #ALIGNMENT_BYTES}
     * @return owned by the caller
     * @throws io.spillway.domain.error.SpillwayException INVALID_VALUE when the file cannot be written
     */
    public static GgufWriter create(final Path target, final Map<String, GgufValue> metadata, final List<PlannedTensor> tensors) {
        final AtomicFile file = AtomicFile.create(target);
        try {
            file.append(MemorySegment.ofArray(header(metadata, tensors)));
            file.align(ALIGNMENT_BYTES);
            final GgufWriter writer = new GgufWriter(file, List.copyOf(tensors));
            writer.pendingBytes = tensors.isEmpty() ? 0 : tensors.getFirst().sizeBytes();
            return writer;
        } catch (final RuntimeException e) {
            file.close();
            throw e;
        }
    }

    private static byte[] header(final Map<String, GgufValue> metadata, final List<PlannedTensor> tensors) {
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
        out.writeBytes(words(VERSION));
        out.writeBytes(longs(tensors.size(), metadata.size()));
        metadata.forEach((key, value) -> {
            text(out, key);
            out.writeBytes(value.bytes());
        });
        long offset = 0;
        for (final PlannedTensor tensor : tensors) {
            text(out, tensor.name());
            out.writeBytes(words(tensor.shape().size()));
            tensor.shape().reversed().forEach(dimension -> out.writeBytes(longs(dimension)));
            out.writeBytes(words(tensor.type().ggufNumber()));
            out.writeBytes(longs(offset));
            offset += Math.ceilDiv(tensor.sizeBytes(), ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
        }
        return out.toByteArray();
    }

    private static byte[] words(final int word) {
        return ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN).putInt(word).array();
    }

    private static byte[] longs(final long... values) {
        final ByteBuffer buffer = ByteBuffer.allocate(values.length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        buffer.asLongBuffer().put(values);
        return buffer.array();
    }

    private static void text(final ByteArrayOutputStream out, final String text) {
        final byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.writeBytes(longs(bytes.length));
        out.writeBytes(bytes);
    }

    /** Appends bytes of the tensor whose turn it is; the piece must not reach beyond its end. */
    public void append(final MemorySegment bytes) {
        if (bytes.byteSize() > pendingBytes) {
            throw new IllegalStateException("tensor " + index + " of " + tensors.size() + " has only " + pendingBytes + " bytes to come");
        }
        file.append(bytes);
        pendingBytes -= bytes.byteSize();
        if (pendingBytes == 0) {
            file.align(ALIGNMENT_BYTES);
            index++;
            pendingBytes = index < tensors.size() ? tensors.get(index).sizeBytes() : 0;
        }
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
        if (index < tensors.size()) {
            throw new IllegalStateException("tensor " + tensors.get(index).name() + " lacks " + pendingBytes + " bytes");
        }
    }

    @Override
    public void close() {
        file.close();
    }
}
