package io.spillway.gateway.http;

/** Answers one request. Runs on a virtual thread of its own and may block. */
@FunctionalInterface
public interface HttpHandler {
    /**
     * Writes exactly one response to the exchange.
     *
     * @throws io.spillway.domain.error.SpillwayException before anything was written: becomes the error answer
     */
    void handle(HttpExchange exchange);

    /** @return whether this call is answered while the server shuts down, when all others are refused */
    default boolean whileDraining(final HttpCall call) {
        return false;
    }
}
