package io.spillway.kvstore.tier;

import io.spillway.kvstore.pool.PooledBlock;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The files of a disk tier: {@code segment-<number>.kv}, appended to in order of number. {@link #append} belongs to one
 * writer thread, {@link #read} to any. Nothing is synced block by block: a block lost in a power cut is a miss.
 */
final class SegmentFiles implements AutoCloseable {
    private static final Pattern NAME = Pattern.compile("segment-(\\d{1,9})\\.kv");

    private final DiskConfig config;
    /** Number to open file; the writer adds and removes, readers look up. */
    private final ConcurrentSkipListMap<Integer, Segment> segments = new ConcurrentSkipListMap<>();
    private Segment current;
    private long totalBytes;

    SegmentFiles(final DiskConfig config) {
        this.config = config;
    }

    /**
     * Opens what an earlier process left: reads every header, cuts what does not read as a record, and starts a new
     * segment.
     *
     * @param found told of every record, oldest first
     */
    void open(final Consumer<RecordHeader> found) throws IOException {
        Files.createDirectories(config.directory());
        for (final int number : existing()) {
            final Segment segment = openSegment(number, StandardOpenOption.READ, StandardOpenOption.WRITE);
            segment.bytes = scan(segment, found);
            if (segment.bytes == 0) {
                delete(segment);
            } else {
                segment.channel.truncate(segment.bytes);
                totalBytes += segment.bytes;
            }
        }
    }

    /**
     * Writes one record at the end of the log. On failure the log is as before.
     *
     * @param dropped told of every segment deleted to stay within the limit
     */
    RecordHeader append(
        final BlockKey key, final int crc32c, final PooledBlock payload, final Consumer<Integer> dropped)
        throws IOException {
        final long recordBytes = RecordHeader.recordBytes(payload.bytes());
        if (current == null || current.bytes + recordBytes > config.segmentBytes()) {
            roll();
        }
        while (totalBytes + recordBytes > config.maxBytes() && segments.size() > 1) {
            final Segment oldest = segments.firstEntry().getValue();
            totalBytes -= oldest.bytes;
            dropped.accept(oldest.number);
            delete(oldest);
        }
        final RecordHeader header =
            new RecordHeader(key, (int) payload.bytes(), crc32c, current.number, (int) current.bytes);
        long position = write(current.channel, header.encode(), current.bytes);
        for (final MemorySegment part : payload.parts()) {
            position = write(current.channel, part.asByteBuffer(), position);
        }
        current.bytes += recordBytes;
        totalBytes += recordBytes;
        return header;
    }

    /**
     * Reads a record's payload into {@code target} and verifies that it is that record.
     *
     * @return false: the bytes there are not what was written
     * @throws IOException when they could not be read, or the segment is gone
     */
    boolean read(final RecordHeader expected, final PooledBlock target) throws IOException {
        final Segment segment = segments.get(expected.segment());
        if (segment == null) {
            throw new IOException("segment " + expected.segment() + " is gone");
        }
        final byte[] header = new byte[RecordHeader.BYTES];
        final long payloadAt = expected.offset() + (long) RecordHeader.BYTES;
        if (!fill(segment.channel, ByteBuffer.wrap(header), expected.offset())
            || !RecordHeader.decode(header, expected.segment(), expected.offset()).equals(Optional.of(expected))) {
            return false;
        }
        long position = payloadAt;
        for (final MemorySegment part : target.parts()) {
            if (!fill(segment.channel, part.asByteBuffer(), position)) {
                return false;
            }
            position += part.byteSize();
        }
        return target.crc32c() == expected.crc32c();
    }

    @Override
    public void close() throws IOException {
        for (final Segment segment : segments.values()) {
            segment.channel.close();
        }
    }

    private void roll() throws IOException {
        final int number = segments.isEmpty() ? 1 : segments.lastKey() + 1;
        current = openSegment(number, StandardOpenOption.READ, StandardOpenOption.WRITE,
            StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING);
    }

    private Segment openSegment(final int number, final StandardOpenOption... options) throws IOException {
        final Path file = config.directory().resolve("segment-" + number + ".kv");
        final Segment segment = new Segment(number, file, FileChannel.open(file, options));
        segments.put(number, segment);
        return segment;
    }

    private void delete(final Segment segment) throws IOException {
        segments.remove(segment.number);
        segment.channel.close();
        Files.deleteIfExists(segment.file);
    }

    private List<Integer> existing() throws IOException {
        final List<Integer> numbers = new ArrayList<>();
        try (Stream<Path> files = Files.list(config.directory())) {
            files.map(file -> NAME.matcher(file.getFileName().toString())).filter(Matcher::matches)
                .map(name -> Integer.valueOf(name.group(1))).sorted().forEach(numbers::add);
        } catch (final UncheckedIOException e) {
            throw e.getCause();
        }
        return numbers;
    }

    /** @return where the last whole record ends */
    private static long scan(final Segment segment, final Consumer<RecordHeader> found) throws IOException {
        final long sizeBytes = segment.channel.size();
        final byte[] bytes = new byte[RecordHeader.BYTES];
        long position = 0;
        while (fill(segment.channel, ByteBuffer.wrap(bytes), position)) {
            final RecordHeader header = RecordHeader.decode(bytes, segment.number, position).orElse(null);
            if (header == null || position + RecordHeader.BYTES + header.lengthBytes() > sizeBytes) {
                break;
            }
            found.accept(header);
            position += RecordHeader.recordBytes(header.lengthBytes());
        }
        return position;
    }

    private static long write(final FileChannel channel, final ByteBuffer bytes, final long at) throws IOException {
        long position = at;
        while (bytes.hasRemaining()) {
            position += channel.write(bytes, position);
        }
        return position;
    }

    /** @return false: the file ends before the buffer is full */
    private static boolean fill(final FileChannel channel, final ByteBuffer bytes, final long at) throws IOException {
        long position = at;
        while (bytes.hasRemaining()) {
            final int count = channel.read(bytes, position);
            if (count < 0) {
                return false;
            }
            position += count;
        }
        return true;
    }

    private static final class Segment {
        private final int number;
        private final Path file;
        private final FileChannel channel;
        private long bytes;

        private Segment(final int number, final Path file, final FileChannel channel) {
            this.number = number;
            this.file = file;
            this.channel = channel;
        }
    }
}
