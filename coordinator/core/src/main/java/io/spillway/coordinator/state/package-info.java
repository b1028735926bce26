/**
 * Owns the replicated truth: members and leases, tenants and keys, what was used, batch jobs; and the port to the log
 * under it. Imports {@code io.spillway.domain} and {@code coordinator.access} and {@code coordinator.batch} only. {@link io.spillway.coordinator.state.ClusterState} is written by the one thread
 * that applies the log; {@link io.spillway.coordinator.state.ClusterView}s are immutable and go to any thread.
 */
package io.spillway.coordinator.state;
