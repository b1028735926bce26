/**
 * Owns the line between the gateway and the nodes: who waits, who runs, what is known of the nodes. May import {@code domain},
 * {@code coordinator.dispatch}, {@code coordinator.placement}, {@code coordinator.prefix} and {@code coordinator.state}.
 * Everything mutable is written by the thread that runs {@link io.spillway.coordinator.admission.AdmissionAgent}; other
 * threads go through {@link io.spillway.coordinator.admission.Coordinator}.
 */
package io.spillway.coordinator.admission;
