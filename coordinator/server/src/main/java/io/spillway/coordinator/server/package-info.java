/**
 * Owns the coordinator process: its gRPC services, the gRPC implementation of {@code NodePort}, lease keeping, and the wiring
 * of all its parts in {@link io.spillway.coordinator.server.CoordinatorMain}. May import everything of {@code coordinator}
 * and {@code proto}. gRPC threads only translate and enqueue.
 */
package io.spillway.coordinator.server;
