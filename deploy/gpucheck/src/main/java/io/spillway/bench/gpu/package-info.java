/**
 * Owns the check of a machine's GPU: every kernel against its specification, and benchmarks beside the machine's limits, into one table.
 * Runs from a bundle that needs no network and no JDK ({@code deploy/bench/gpu-check}).
 *
 * <p>May import everything; nothing may import it.
 *
 * <p>Threads: one, and a process of its own for every part, so that a part that dies takes nothing along.
 */
package io.spillway.bench.gpu;
