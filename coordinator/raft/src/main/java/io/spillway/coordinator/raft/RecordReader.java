package io.spillway.coordinator.raft;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Reads what {@link RecordWriter} wrote. Bytes that no writer wrote end in a {@link SpillwayException}, never in a huge
 * allocation: lengths are held against what is there. One thread.
 */
final class RecordReader {
    private final ByteBuffer in;

    private RecordReader(final ByteBuffer in) {
        this.in = in;
    }

    /**
     * Reads all of {@code bytes}.
     *
     * @param what named in errors
     * @throws SpillwayException {@code INTERNAL} when the bytes are cut, too many or not what they should be
     */
    static <T> T read(final String what, final ByteBuffer bytes, final Function<RecordReader, T> content) {
        final RecordReader reader = new RecordReader(bytes.slice());
        final T record;
        try {
            record = content.apply(reader);
        } catch (final BufferUnderflowException | IllegalArgumentException e) {
            throw new SpillwayException(ErrorCode.INTERNAL, what + " is damaged: " + e.getMessage(), e);
        }
        if (reader.in.hasRemaining()) {
            throw new SpillwayException(ErrorCode.INTERNAL,
                what + " is damaged: " + reader.in.remaining() + " bytes follow its end");
        }
        return record;
    }

    int readByte() {
        return in.get();
    }

    int readInt() {
        return in.getInt();
    }

    long readLong() {
        return in.getLong();
    }

    byte[] readBytes() {
        final byte[] bytes = new byte[readLength()];
        in.get(bytes);
        return bytes;
    }

    String readText() {
        return new String(readBytes(), StandardCharsets.UTF_8);
    }

    <T> List<T> readList(final Function<RecordReader, T> item) {
        final int length = readLength();
        final List<T> items = new ArrayList<>(length);
        for (int i = 0; i < length; i++) {
            items.add(item.apply(this));
        }
        return items;
    }

    /** Reads the version that starts every record. */
    void expectVersion(final String what, final int known) {
        expectVersion(what, known, known);
    }

    /** @return the version that starts a record: one of those */
    int expectVersion(final String what, final int oldest, final int newest) {
        final int version = readByte();
        if (version < oldest || version > newest) {
            throw new SpillwayException(ErrorCode.INTERNAL, what + " has version " + version + ", this replica reads version "
                + newest + ": run the release that wrote it, or a newer one");
        }
        return version;
    }

    /** A length that the remaining bytes can hold: everything that is counted takes a byte at least. */
    private int readLength() {
        final int length = in.getInt();
        if (length < 0 || length > in.remaining()) {
            throw new IllegalArgumentException("length " + length + " with " + in.remaining() + " bytes left");
        }
        return length;
    }
}
