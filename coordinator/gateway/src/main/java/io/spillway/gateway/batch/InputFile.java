package io.spillway.gateway.batch;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/**
 * The lines of an input, by number. Blank lines are not counted as requests, but as lines of the file. Lines may be read by any
 * thread.
 */
final class InputFile implements AutoCloseable {
    private final FileChannel channel;
    private final long[] starts;
    private final long[] ends;
    private final int[] numbers;

    private InputFile(final FileChannel channel, final Index index) {
        this.channel = channel;
        this.starts = Arrays.copyOf(index.starts, index.count);
        this.ends = Arrays.copyOf(index.ends, index.count);
        this.numbers = Arrays.copyOf(index.numbers, index.count);
    }

    /** @param linesMax where there are more, so many and one are found */
    static InputFile open(final Path file, final int linesMax) throws IOException {
        final Index index = new Index();
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 256 << 10)) {
            index.scan(in, linesMax);
        }
        return new InputFile(FileChannel.open(file, StandardOpenOption.READ), index);
    }

    /** Finds where lines begin and end. */
    private static final class Index {
        private long[] starts = new long[1024];
        private long[] ends = new long[1024];
        private int[] numbers = new int[1024];
        private int count;

        void scan(final InputStream in, final int linesMax) throws IOException {
            long position = 0;
            long start = 0;
            int number = 1;
            boolean blank = true;
            for (int b = in.read(); b >= 0 && count <= linesMax; b = in.read()) {
                position++;
                if (b == '\n') {
                    add(start, position - 1, number++, blank);
                    start = position;
                    blank = true;
                } else {
                    blank &= b == ' ' || b == '\t' || b == '\r';
                }
            }
            if (count <= linesMax) {
                add(start, position, number, blank);
            }
        }

        private void add(final long start, final long end, final int number, final boolean blank) {
            if (blank) {
                return;
            }
            if (count == starts.length) {
                starts = Arrays.copyOf(starts, 2 * count);
                ends = Arrays.copyOf(ends, 2 * count);
                numbers = Arrays.copyOf(numbers, 2 * count);
            }
            starts[count] = start;
            ends[count] = end;
            numbers[count++] = number;
        }
    }

    int lines() {
        return starts.length;
    }

    /** @return the number that an editor shows for that line, from 1 */
    int number(final int line) {
        return numbers[line];
    }

    long bytes(final int line) {
        return ends[line] - starts[line];
    }

    byte[] read(final int line) throws IOException {
        final ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(bytes(line)));
        while (bytes.hasRemaining()) {
            if (channel.read(bytes, starts[line] + bytes.position()) < 0) {
                throw new EOFException("the input of a batch has become shorter");
            }
        }
        return bytes.array();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
