/**
 * Owns the knowledge of which member holds which KV block: soft state, fed by sequenced KV events, asked by placement.
 * May import {@code domain} only. Written by the admission agent's thread alone; nobody else touches it.
 */
package io.spillway.coordinator.prefix;
