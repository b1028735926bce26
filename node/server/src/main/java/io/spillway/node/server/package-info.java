/**
 * Owns the node process: its gRPC service and the wiring of engine, backend, block store and coordinator link in
 * {@link io.spillway.node.server.NodeMain}. May import everything of {@code node}, {@code kvstore} and {@code proto}. gRPC
 * threads only translate and enqueue; the engine thread emits events.
 */
package io.spillway.node.server;
