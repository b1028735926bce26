package io.spillway.kvstore.transfer;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.NodeId;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * Where a transfer endpoint listens and how it sends.
 *
 * @param self          this member
 * @param listen        address of its one UDP port
 * @param directory     for Aeron's buffers; used by one process, deleted at start and end; put it on a RAM disk
 *                      (/dev/shm)
 * @param packets       packet sizes
 * @param windowBytes   payload bytes of one request that may be under way
 * @param peerLostNanos a peer that has been silent for this long is lost: its requests end
 */
public record TransferConfig(
    NodeId self, Listen listen, Path directory, Packets packets, int windowBytes, long peerLostNanos) {
    /** Largest block that is sent or taken. */
    public static final int BLOCK_BYTES_MAX = 64 << 20;

    public TransferConfig {
        requireNonNull(self, "self");
        requireNonNull(listen, "listen");
        requireNonNull(directory, "directory");
        requireNonNull(packets, "packets");
        if (windowBytes < 64 * 1024 || peerLostNanos < TimeUnit.MILLISECONDS.toNanos(500)) {
            throw SpillwayException.ofField(ErrorCode.INVALID_CONFIG, "transfer.windowBytes",
                "the window is at least 64 KiB and a peer is lost after at least 500 ms");
        }
    }

    /** @return a loopback endpoint on any free port, with sensible settings */
    public static TransferConfig ofLoopback(final NodeId self, final Path directory) {
        return of(self, new Listen("127.0.0.1", 0, "127.0.0.1"), directory);
    }

    /** @return an endpoint with sensible settings: 4 MiB per request under way, a peer is lost after 2 s */
    public static TransferConfig of(final NodeId self, final Listen listen, final Path directory) {
        return new TransferConfig(self, listen, directory, Packets.DEFAULT, 4 << 20, TimeUnit.SECONDS.toNanos(2));
    }

    /**
     * An address to listen on.
     *
     * @param bindHost       an address of this machine, or 0.0.0.0
     * @param port           0 = any free one
     * @param advertisedHost what the others reach it by
     */
    public record Listen(String bindHost, int port, String advertisedHost) {
        public Listen {
            requireNonNull(bindHost, "bindHost");
            requireNonNull(advertisedHost, "advertisedHost");
            if (port < 0 || port > 65535) {
                throw SpillwayException.ofField(ErrorCode.INVALID_CONFIG, "transfer.port", "not a port: " + port);
            }
        }
    }

    /**
     * Sizes of UDP packets, without IP and UDP headers; multiples of 32.
     *
     * @param networkBytes  to other machines: 1408 fits every Ethernet; set about 8192 where jumbo frames are on
     * @param loopbackBytes within a machine, where one large packet costs as much as a small one
     */
    public record Packets(int networkBytes, int loopbackBytes) {
        /** 1408 on the network, 65504 on loopback. */
        public static final Packets DEFAULT = new Packets(1408, 65504);

        public Packets {
            check("transfer.networkBytes", networkBytes);
            check("transfer.loopbackBytes", loopbackBytes);
        }

        /** @return packet size towards {@code host} */
        int towards(final String host) {
            final boolean loopback = host.startsWith("127.") || host.equals("localhost") || host.equals("::1");
            return loopback ? loopbackBytes : networkBytes;
        }

        private static void check(final String field, final int bytes) {
            if (bytes < 512 || bytes > 65504 || bytes % 32 != 0) {
                throw SpillwayException.ofField(ErrorCode.INVALID_CONFIG, field,
                    "a packet has 512 to 65504 bytes, a multiple of 32, not " + bytes);
            }
        }
    }
}
