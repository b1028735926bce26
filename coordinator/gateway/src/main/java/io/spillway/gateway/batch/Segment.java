package io.spillway.gateway.batch;

import io.spillway.gateway.files.DurableFiles;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * Results of one claim, in a file: length, CRC-32C and bytes of each, one behind the other. One writer, from when it is made until it
 * is closed; a torn end is what a crash left of the last write, and is not there for any reader.
 */
final class Segment implements AutoCloseable {
    private static final int RECORD_BYTES_MAX = 256 << 20;

    private final FileChannel channel;

    private Segment(final FileChannel channel) {
        this.channel = channel;
    }

    /** @param file replaced if it exists: a claim has one segment, and it was made for this */
    static Segment create(final Path file) throws IOException {
        final FileChannel channel = FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE);
        channel.force(true);
        DurableFiles.forceNames(file.getParent());
        return new Segment(channel);
    }

    /** Appends; on the disk when it returns. */
    void append(final List<LineResult> results) throws IOException {
        for (final LineResult result : results) {
            final byte[] bytes = result.encode();
            final ByteBuffer record = ByteBuffer.allocate(2 * Integer.BYTES + bytes.length)
                .putInt(bytes.length).putInt(crc(bytes)).put(bytes).flip();
            while (record.hasRemaining()) {
                channel.write(record);
            }
        }
        channel.force(false);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    /** @return every whole result before the first that is torn or damaged, in order; none when there is no file */
    static List<LineResult> read(final Path file) throws IOException {
        final List<LineResult> results = new ArrayList<>();
        try (Reading reading = new Reading(file)) {
            for (Optional<LineResult> next = reading.next(); next.isPresent(); next = reading.next()) {
                results.add(next.get());
            }
        }
        return results;
    }

    private static int crc(final byte[] bytes) {
        final CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }

    /** Reads a segment from its start, one result at a time. */
    static final class Reading implements AutoCloseable {
        private final DataInputStream in;
        private long leftBytes;
        private long position;

        Reading(final Path file) throws IOException {
            if (Files.exists(file)) {
                leftBytes = Files.size(file);
                in = new DataInputStream(new BufferedInputStream(Files.newInputStream(file), 64 << 10));
            } else {
                in = null;
            }
        }

        /** @return where the next result begins in the file */
        long position() {
            return position;
        }

        /** @return the next whole result; empty at the end, torn or not */
        Optional<LineResult> next() throws IOException {
            if (in == null || leftBytes < 2 * Integer.BYTES) {
                return Optional.empty();
            }
            try {
                final int length = in.readInt();
                final int crc = in.readInt();
                leftBytes -= 2 * Integer.BYTES;
                if (length < 0 || length > RECORD_BYTES_MAX || length > leftBytes) {
                    leftBytes = 0;
                    return Optional.empty();
                }
                final byte[] bytes = new byte[length];
                in.readFully(bytes);
                leftBytes -= length;
                if (crc(bytes) != crc) {
                    leftBytes = 0;
                    return Optional.empty();
                }
                position += 2 * Integer.BYTES + length;
                return LineResult.decode(bytes);
            } catch (final EOFException e) {
                leftBytes = 0;
                return Optional.empty();
            }
        }

        @Override
        public void close() throws IOException {
            if (in != null) {
                in.close();
            }
        }
    }

    /** @return the result that begins there */
    static LineResult readAt(final FileChannel file, final long position) throws IOException {
        final ByteBuffer head = fill(file, ByteBuffer.allocate(2 * Integer.BYTES), position);
        final int length = head.getInt();
        final int crc = head.getInt();
        if (length < 0 || length > RECORD_BYTES_MAX) {
            throw new IOException("a result that was there is damaged");
        }
        final byte[] bytes = fill(file, ByteBuffer.allocate(length), position + 2 * Integer.BYTES).array();
        if (crc(bytes) != crc) {
            throw new IOException("a result that was there is damaged");
        }
        return LineResult.decode(bytes).orElseThrow(() -> new IOException("a result that was there is damaged"));
    }

    private static ByteBuffer fill(final FileChannel file, final ByteBuffer bytes, final long position) throws IOException {
        while (bytes.hasRemaining()) {
            if (file.read(bytes, position + bytes.position()) < 0) {
                throw new EOFException("a result that was there is cut");
            }
        }
        return bytes.flip();
    }
}
