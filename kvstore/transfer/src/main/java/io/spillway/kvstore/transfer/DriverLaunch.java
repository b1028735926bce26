package io.spillway.kvstore.transfer;

import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardSocketOptions;
import java.nio.channels.DatagramChannel;
import java.util.concurrent.TimeUnit;
import org.agrona.ErrorHandler;

/**
 * Settings of the media driver inside this process: one thread, sparse files, a window that the kernel's limits allow.
 */
final class DriverLaunch {
    private static final int TERM_BYTES = 4 << 20;
    private static final int SOCKET_BYTES_WANTED = 4 << 20;
    private static final int WINDOW_BYTES_MAX = TERM_BYTES / 2;
    private static final long EXECUTOR_NAP_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    private static final long PAUSE_NANOS_MAX = TimeUnit.SECONDS.toNanos(30);

    private DriverLaunch() {
    }

    static MediaDriver.Context context(final TransferConfig config, final ParkingIdle idle, final ErrorHandler errors) {
        final int receiveBytes = socketBytes(true);
        return new MediaDriver.Context()
            .aeronDirectoryName(config.directory().toAbsolutePath().toString())
            .dirDeleteOnStart(true)
            .dirDeleteOnShutdown(true)
            .warnIfDirectoryExists(false)
            .threadingMode(ThreadingMode.SHARED)
            .sharedIdleStrategy(idle)
            // Resolves names and maps files for the driver; by default it wakes a thousand times a second to look for
            // work.
            .asyncExecutorIdleStrategy(new ParkingIdle(EXECUTOR_NAP_NANOS))
            .termBufferSparseFile(true)
            .publicationTermBufferLength(TERM_BYTES)
            .ipcTermBufferLength(64 * 1024)
            .mtuLength(config.packets().networkBytes())
            .socketRcvbufLength(receiveBytes)
            .socketSndbufLength(socketBytes(false))
            .initialWindowLength(Math.min(WINDOW_BYTES_MAX, receiveBytes / 2))
            .imageLivenessTimeoutNs(config.peerLostNanos())
            .publicationConnectionTimeoutNs(config.peerLostNanos())
            // A process that was stopped for a while must not be thrown out by its own driver.
            .clientLivenessTimeoutNs(PAUSE_NANOS_MAX)
            .publicationUnblockTimeoutNs(2 * PAUSE_NANOS_MAX)
            .errorHandler(errors);
    }

    /** @return what the kernel grants of the buffer we want: asking for more than that stops the driver */
    private static int socketBytes(final boolean receive) {
        final var option = receive ? StandardSocketOptions.SO_RCVBUF : StandardSocketOptions.SO_SNDBUF;
        try (DatagramChannel probe = DatagramChannel.open()) {
            probe.setOption(option, SOCKET_BYTES_WANTED);
            return Math.min(SOCKET_BYTES_WANTED, probe.getOption(option));
        } catch (final IOException e) {
            throw new UncheckedIOException("no UDP socket can be opened", e);
        }
    }
}
