/**
 * Owns API keys: what one is, what it may be used for, and which changes there are to keys. Immutable records; any thread. Imports
 * {@code io.spillway.domain} only; {@code coordinator.state} replicates the keys.
 */
package io.spillway.coordinator.access;
