/**
 * Owns requests that run on nodes: what was delivered, which attempt counts, when to try elsewhere. May import {@code domain},
 * {@code coordinator.state} (the view) and {@code coordinator.placement}. Written by the admission agent's thread; node events
 * reach it through {@link io.spillway.coordinator.dispatch.NodeInbox} from any thread.
 */
package io.spillway.coordinator.dispatch;
