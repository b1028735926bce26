/**
 * Owns HTTP: connections, bodies, routes, server-sent events, back-pressure and drain. Knows no API: what an error looks like is
 * asked of {@link io.spillway.gateway.http.ErrorRenderer}. Imports {@code domain.error}, {@code domain.id}, {@code domain.time} and Netty only.
 *
 * <p>Threads: a connection's state is written by its Netty event loop; an exchange's response by the one virtual thread that
 * handles it. The two meet at the channel and at {@link io.spillway.gateway.http.WriteGate}.
 */
package io.spillway.gateway.http;
