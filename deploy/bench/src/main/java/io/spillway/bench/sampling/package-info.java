/**
 * Owns the figures of sampling and scheduling: what a choice of a token costs over a large vocabulary, and a plan over many sequences.
 * May import the engine's {@code node.sampling} and {@code node.scheduler}. Runs on the main thread.
 */
package io.spillway.bench.sampling;
