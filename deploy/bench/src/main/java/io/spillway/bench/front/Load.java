package io.spillway.bench.front;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

/** Asks the same again and again on some connections, each with one request at a time, and times every answer. */
final class Load {
    private static final int ANSWER_BYTES_MAX = 256 << 10;
    private static final byte[] LAST_CHUNK = {'0', '\r', '\n', '\r', '\n'};
    private static final byte[] LENGTH = "content-length: ".getBytes(java.nio.charset.StandardCharsets.US_ASCII);

    private final int port;
    private final byte[] request;
    private volatile int answerBytes;

    /**
     * What was measured.
     *
     * @param latencyNanos how long each answer took to be complete, in ascending order
     * @param answerBytes  size of the last answer, head and framing included
     */
    record Result(long[] latencyNanos, long elapsedNanos, int answerBytes) {
        double perSecond() {
            return latencyNanos.length * 1e9 / elapsedNanos;
        }

        double millisAt(final double share) {
            return latencyNanos[(int) Math.min(latencyNanos.length - 1L, (long) (latencyNanos.length * share))] / 1e6;
        }
    }

    Load(final int port, final byte[] request) {
        this.port = port;
        this.request = request;
    }

    Result run(final int connections, final long nanos) throws Exception {
        final List<long[]> all = new ArrayList<>();
        final List<Thread> threads = new ArrayList<>();
        final AtomicReference<Exception> failure = new AtomicReference<>();
        final long startNanos = System.nanoTime();
        for (int i = 0; i < connections; i++) {
            threads.add(Thread.ofPlatform().start(() -> {
                try {
                    final long[] latencies = one(startNanos + nanos);
                    synchronized (all) {
                        all.add(latencies);
                    }
                } catch (final IOException | RuntimeException e) {
                    failure.set(e);
                }
            }));
        }
        for (final Thread thread : threads) {
            thread.join();
        }
        if (failure.get() != null) {
            throw failure.get();
        }
        final long[] latencies = all.stream().flatMapToLong(Arrays::stream).sorted().toArray();
        return new Result(latencies, System.nanoTime() - startNanos, answerBytes);
    }

    private long[] one(final long endNanos) throws IOException {
        long[] latencies = new long[1024];
        int count = 0;
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(20_000);
            final InputStream in = new BufferedInputStream(socket.getInputStream(), 64 << 10);
            final byte[] buffer = new byte[ANSWER_BYTES_MAX];
            for (long now = System.nanoTime(); now < endNanos;) {
                socket.getOutputStream().write(request);
                answerBytes = read(in, buffer);
                final long done = System.nanoTime();
                if (count == latencies.length) {
                    latencies = Arrays.copyOf(latencies, 2 * count);
                }
                latencies[count++] = done - now;
                now = done;
            }
        }
        return Arrays.copyOf(latencies, count);
    }

    private static int read(final InputStream in, final byte[] buffer) throws IOException {
        int size = 0;
        int head = -1;
        int length = -1;
        while (true) {
            final int more = in.read(buffer, size, buffer.length - size);
            if (more < 0) {
                throw new IOException("closed");
            }
            size += more;
            if (head < 0) {
                head = headEnd(buffer, size);
                if (head < 0) {
                    continue;
                }
                if (buffer[9] != '2') {
                    throw new IllegalStateException(new String(buffer, 0, size, java.nio.charset.StandardCharsets.US_ASCII));
                }
                length = length(buffer, head);
            }
            if (length >= 0 ? size >= head + length : ends(buffer, size)) {
                return size;
            }
        }
    }

    private static int headEnd(final byte[] buffer, final int size) {
        for (int i = 3; i < size; i++) {
            if (buffer[i] == '\n' && buffer[i - 2] == '\n') {
                return i + 1;
            }
        }
        return -1;
    }

    private static int length(final byte[] buffer, final int head) {
        for (int at = 0; at + LENGTH.length < head; at++) {
            int same = 0;
            while (same < LENGTH.length && (buffer[at + same] | 0x20) == (LENGTH[same] | 0x20)) {
                same++;
            }
            if (same == LENGTH.length) {
                int length = 0;
                for (int i = at + same; buffer[i] >= '0' && buffer[i] <= '9'; i++) {
                    length = 10 * length + buffer[i] - '0';
                }
                return length;
            }
        }
        return -1;
    }

    private static boolean ends(final byte[] buffer, final int size) {
        return size >= LAST_CHUNK.length && Arrays.equals(buffer, size - LAST_CHUNK.length, size, LAST_CHUNK, 0, LAST_CHUNK.length);
    }
}
