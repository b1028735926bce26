/**
 * Owns batches: the routes to them, the checking of their input, and the running of their lines from idle capacity. The truth
 * about a batch is in the replicated state ({@code coordinator.batch}); what its lines came to is in segments in the shared
 * directory, of which the state says how much counts. Imports {@code domain}, {@code coordinator.batch}, {@code coordinator.state},
 * {@code gateway.files}, {@code gateway.http}, {@code gateway.json} and {@code gateway.openai}.
 *
 * <p>Threads: one virtual thread of {@link io.spillway.gateway.batch.BatchRunner} claims batches; each batch then belongs to one
 * virtual thread, which alone writes its segment; each of its lines under way has one more, which hands its answer over through a
 * queue.
 */
package io.spillway.gateway.batch;
