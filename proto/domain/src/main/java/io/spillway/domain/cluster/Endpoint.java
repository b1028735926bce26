package io.spillway.domain.cluster;

import static java.util.Objects.requireNonNull;

/** A network address. */
public record Endpoint(String host, int port) {
    public Endpoint {
        requireNonNull(host, "host");
        if (host.isBlank() || port < 1 || port > 65535) {
            throw new IllegalArgumentException("not an endpoint: " + host + ":" + port);
        }
    }

    /** @param text {@code host:port} */
    public static Endpoint parse(final String text) {
        final int colon = text.lastIndexOf(':');
        if (colon < 1) {
            throw new IllegalArgumentException("expected host:port, got '" + text + "'");
        }
        try {
            return new Endpoint(text.substring(0, colon), Integer.parseInt(text.substring(colon + 1)));
        } catch (final NumberFormatException e) {
            throw new IllegalArgumentException("expected host:port, got '" + text + "'", e);
        }
    }

    @Override
    public String toString() {
        return host + ":" + port;
    }
}
