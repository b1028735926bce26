/**
 * Owns what operators see: the page, its state as JSON and as a stream, and the port through which the wiring tells that state.
 * Imports {@code domain}, {@code coordinator.state}, {@code gateway.http} and Jackson. Never shows prompt text or keys. Snapshots
 * are immutable; any thread.
 */
package io.spillway.gateway.console;
