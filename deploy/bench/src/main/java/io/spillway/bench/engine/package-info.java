/**
 * Owns the measurement of one engine on one machine: prefill and decode speed beside the machine's limits, rows like those of
 * llama.cpp's bench, and the comparison with it.
 *
 * <p>May import everything. Threads: the main thread measures; the backend's workers compute.
 */
package io.spillway.bench.engine;
