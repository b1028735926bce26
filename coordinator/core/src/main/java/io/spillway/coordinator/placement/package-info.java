/**
 * Owns the choice of the node that a request runs on. Pure: inputs in, a placement with its reasons out; no clock, no state.
 * May import {@code domain} and {@code coordinator.prefix}. Any thread.
 */
package io.spillway.coordinator.placement;
