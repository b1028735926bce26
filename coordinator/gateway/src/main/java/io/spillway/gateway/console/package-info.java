/**
 * Owns what operators see: the page, its state as JSON and as a stream, the port through which the wiring tells that state, and what is
 * remembered for the page whether it is open or not. Imports {@code domain}, {@code coordinator.state}, {@code coordinator.admission} (its
 * statistics), {@code gateway.http}, {@code gateway.chat} (its observer port), {@code gateway.runs}, Jackson and HdrHistogram. Never shows
 * prompts, outputs, error messages or keys. Snapshots are immutable. The thread {@code console-sampler} alone writes history and changes;
 * latencies and errors are written by any thread.
 *
 * <p>Bounds: 600 samples, 100 changes, 100 errors and one count per code, two histograms for each of 5 seconds; together less than a
 * megabyte. At most 64 streams; 200 runs in a list.
 */
package io.spillway.gateway.console;
