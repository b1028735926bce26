/**
 * Owns the figures of the HTTP front: what a request costs in it over an engine that costs nothing, beside nginx as a proxy of the same
 * answers. May import the gateway and Netty. Every server is a process of its own; the load comes from platform threads, one per
 * connection.
 */
package io.spillway.bench.front;
