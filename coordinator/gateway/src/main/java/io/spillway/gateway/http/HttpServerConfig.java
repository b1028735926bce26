package io.spillway.gateway.http;

import static java.util.Objects.requireNonNull;

import java.util.concurrent.TimeUnit;

/**
 * Limits of the HTTP server.
 *
 * @param port               0 = any free port
 * @param ioThreads          event loops; they only move bytes
 * @param bodyBytesMax       largest request body
 * @param bodiesBytesMax     most bytes of request bodies held at once, of all connections
 * @param connectionsMax     most open connections; one more is answered 503 and closed
 * @param idleNanos          a connection without a request in progress is closed after this
 * @param stallNanos         a client that takes no byte for this long is given up
 * @param drainNanos         how long {@code close} lets running requests finish
 */
public record HttpServerConfig(
    String host, int port, int ioThreads, int bodyBytesMax, long bodiesBytesMax, int connectionsMax, long idleNanos,
    long stallNanos, long drainNanos) {

    public HttpServerConfig {
        requireNonNull(host, "host");
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

    /** @return the usual limits on that address: 32 MiB per body, 256 MiB in all, 4096 connections */
    public static HttpServerConfig on(final String host, final int port) {
        return new HttpServerConfig(host, port, 2, 32 << 20, 256L << 20, 4096, TimeUnit.SECONDS.toNanos(120),
            TimeUnit.SECONDS.toNanos(60), TimeUnit.SECONDS.toNanos(10));
    }
}
