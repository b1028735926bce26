/**
 * Owns the measurement of guessing ahead: agents that repeat their own context, with each way of guessing, one after the other.
 *
 * <p>May import everything. Threads: the main thread reports; one virtual thread per conversation asks; the engine's thread computes.
 */
package io.spillway.bench.speculation;
