package io.spillway.coordinator.raft;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Collection;

/** Writes the parts that records are made of. Big-endian; strings and lists carry their length. One thread at a time. */
final class RecordWriter {
    private final DataOutputStream out;

    RecordWriter(final OutputStream out) {
        this.out = new DataOutputStream(out);
    }

    /** @return what {@code content} writes */
    static byte[] bytesOf(final Content content) {
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            content.write(new RecordWriter(bytes));
        } catch (final IOException e) {
            throw new IllegalStateException("memory cannot fail to be written", e);
        }
        return bytes.toByteArray();
    }

    void writeByte(final int value) throws IOException {
        out.writeByte(value);
    }

    void writeInt(final int value) throws IOException {
        out.writeInt(value);
    }

    void writeLong(final long value) throws IOException {
        out.writeLong(value);
    }

    void writeBytes(final byte[] bytes) throws IOException {
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    void writeText(final String text) throws IOException {
        writeBytes(text.getBytes(StandardCharsets.UTF_8));
    }

    <T> void writeList(final Collection<T> items, final Item<T> item) throws IOException {
        out.writeInt(items.size());
        for (final T each : items) {
            item.write(this, each);
        }
    }

    /** Writes a whole. */
    @FunctionalInterface
    interface Content {
        void write(RecordWriter writer) throws IOException;
    }

    /** Writes one of a list. */
    @FunctionalInterface
    interface Item<T> {
        void write(RecordWriter writer, T item) throws IOException;
    }
}
