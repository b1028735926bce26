package io.spillway.gateway.http;

import static java.util.Objects.requireNonNull;

import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Limits of the HTTP server.
 *
 * @param port               0 = any free port
 * @param ioThreads          event loops; they only move bytes
 * @param bodyBytesMax       largest request body, as it came and as it is when unpacked
 * @param bodiesBytesMax     most bytes of request bodies held at once, of all connections
 * @param connectionsMax     most open connections; one more is answered 503 and closed. Also the most requests at once
 * @param idleNanos          a connection without a request in progress is closed after this
 * @param stallNanos         a client that takes no byte for this long is given up
 * @param drainNanos         how long {@code close} lets running requests finish
 * @param guards             bounds on how a request may come in
 * @param tls                certificate and key; none = plain text
 * @param packedStreams      whether streams of events are compressed for clients that take it
 */
public record HttpServerConfig(
    String host, int port, int ioThreads, int bodyBytesMax, long bodiesBytesMax, int connectionsMax, long idleNanos,
    long stallNanos, long drainNanos, Guards guards, Optional<TlsFiles> tls, boolean packedStreams) {

    public HttpServerConfig {
        requireNonNull(host, "host");
        requireNonNull(guards, "guards");
        requireNonNull(tls, "tls");
        if (port < 0 || port > 65535) {
            throw new IllegalArgumentException("port must be between 0 and 65535: " + port);
        }
        if (ioThreads < 1 || connectionsMax < 1 || bodyBytesMax < 1 || bodiesBytesMax < bodyBytesMax) {
            throw new IllegalArgumentException("ioThreads, connectionsMax and bodyBytesMax must be positive, and "
                + "bodiesBytesMax at least bodyBytesMax");
        }
        if (idleNanos < 1 || stallNanos < 1 || drainNanos < 0) {
            throw new IllegalArgumentException("idleNanos and stallNanos must be positive, drainNanos not negative");
        }
    }

    /** The usual guards, plain text, streams as they are. */
    public HttpServerConfig(
        final String host, final int port, final int ioThreads, final int bodyBytesMax, final long bodiesBytesMax,
        final int connectionsMax, final long idleNanos, final long stallNanos, final long drainNanos) {
        this(host, port, ioThreads, bodyBytesMax, bodiesBytesMax, connectionsMax, idleNanos, stallNanos, drainNanos,
            Guards.USUAL, Optional.empty(), false);
    }

    /**
     * Bounds on how a request may come in.
     *
     * @param headNanos             a head (and a TLS handshake) must be complete within this of its first byte; a new
     *                              connection must send that byte within it too
     * @param bodyGraceNanos        a body may be as slow as it likes for this long
     * @param bodyBytesPerSecondMin a body that takes longer must have kept up this rate from its start
     * @param headersMax            most header fields
     * @param streamsMax            most HTTP/2 streams open on one connection
     */
    public record Guards(long headNanos, long bodyGraceNanos, long bodyBytesPerSecondMin, int headersMax, int streamsMax) {
        /** Head within 15 s, body at 1 KiB/s after 15 s, 128 header fields, 128 streams. */
        public static final Guards USUAL =
            new Guards(TimeUnit.SECONDS.toNanos(15), TimeUnit.SECONDS.toNanos(15), 1024, 128, 128);

        public Guards {
            if (headNanos < 1 || bodyGraceNanos < 1 || bodyBytesPerSecondMin < 0 || headersMax < 1 || streamsMax < 1) {
                throw new IllegalArgumentException("guards must be positive");
            }
        }
    }

    /**
     * Where the server's identity lies.
     *
     * @param certificate PEM: the server's certificate first, then those between it and the root
     * @param key         PEM: its private key, PKCS#8, without a password
     * @param checkNanos  how often to look whether they changed
     */
    public record TlsFiles(Path certificate, Path key, long checkNanos) {
        public TlsFiles {
            requireNonNull(certificate, "certificate");
            requireNonNull(key, "key");
            if (checkNanos < 1) {
                throw new IllegalArgumentException("checkNanos must be positive");
            }
        }
    }

    /** @return the usual limits on that address: 32 MiB per body, 256 MiB in all, 4096 connections */
    public static HttpServerConfig on(final String host, final int port) {
        return new HttpServerConfig(host, port, 2, 32 << 20, 256L << 20, 4096, TimeUnit.SECONDS.toNanos(120),
            TimeUnit.SECONDS.toNanos(60), TimeUnit.SECONDS.toNanos(10));
    }

    /** @return the same with other guards */
    public HttpServerConfig guarded(final Guards other) {
        return new HttpServerConfig(host, port, ioThreads, bodyBytesMax, bodiesBytesMax, connectionsMax, idleNanos,
            stallNanos, drainNanos, other, tls, packedStreams);
    }

    /** @return the same over TLS */
    public HttpServerConfig over(final TlsFiles files) {
        return new HttpServerConfig(host, port, ioThreads, bodyBytesMax, bodiesBytesMax, connectionsMax, idleNanos,
            stallNanos, drainNanos, guards, Optional.of(files), packedStreams);
    }

    /** @return the same with streams of events compressed or not */
    public HttpServerConfig packingStreams(final boolean packed) {
        return new HttpServerConfig(host, port, ioThreads, bodyBytesMax, bodiesBytesMax, connectionsMax, idleNanos,
            stallNanos, drainNanos, guards, tls, packed);
    }
}
