/**
 * Owns the log under the replicated state: Apache Ratis, embedded, one server per replica. The wall around Ratis: no type of
 * it leaves this package. Imports {@code io.spillway.domain}, {@code coordinator.state} and Ratis.
 *
 * <p>Threads: Ratis' state machine updater is the one writer of the {@code ClusterState}; it publishes an immutable view after
 * each command. Each proposal waits on a virtual thread of its own.
 */
package io.spillway.coordinator.raft;
