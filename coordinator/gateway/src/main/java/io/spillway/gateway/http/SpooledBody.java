package io.spillway.gateway.http;

import io.netty.buffer.ByteBuf;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A request's body in a file of its own, which goes when the request ends. Written by the connection's event loop (into the page
 * cache: nothing waits for the disk), then read by the exchange's virtual thread.
 */
public final class SpooledBody implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SpooledBody.class);
    private static final int READ_BYTES = 64 << 10;

    private final Path file;
    private final FileChannel channel;
    private final Runnable onClose;
    private final AtomicBoolean closed = new AtomicBoolean();
    private long bytes;

    /** @param onClose run once, when the file is gone */
    SpooledBody(final Path directory, final Runnable onClose) throws IOException {
        Files.createDirectories(directory);
        this.file = Files.createTempFile(directory, "body-", ".spool");
        this.onClose = onClose;
        this.channel = FileChannel.open(file, StandardOpenOption.WRITE);
    }

    /** Takes a piece; the piece stays the caller's. */
    void append(final ByteBuf piece) throws IOException {
        final int size = piece.readableBytes();
        int written = 0;
        while (written < size) {
            written += piece.getBytes(piece.readerIndex() + written, channel, size - written);
        }
        bytes += size;
    }

    /** @return size of the body */
    public long bytes() {
        return bytes;
    }

    /** @return the body from its start; the caller closes it */
    public InputStream open() throws IOException {
        return new BufferedInputStream(Files.newInputStream(file), READ_BYTES);
    }

    /** Removes the file. Idempotent; any thread. */
    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        onClose.run();
        try {
            channel.close();
            Files.deleteIfExists(file);
        } catch (final IOException e) {
            LOG.warn("the spooled body {} stays behind", file, e);
        }
    }
}
