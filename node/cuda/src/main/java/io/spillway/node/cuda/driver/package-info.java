/**
 * Owns a GPU as the driver shows it: contexts, modules and launches, streams, events, graphs, device buffers and pinned host memory.
 *
 * <p>Handles (devices, contexts, modules, streams, events, graphs) are made and destroyed through JCuda; what is called every step, and
 * what JCuda lacks or cuts at 2 GiB, is called through the FFM API on the same library, without garbage. Nothing of JCuda is touched
 * before the probe has found every function that is needed: a missing one would end the process.
 *
 * <p>May import the JDK, {@code domain}, {@code node.compute}, {@code node.cuda} and JCuda, which nothing else may see.
 *
 * <p>Threads: a thread that calls the driver has bound its context ({@link io.spillway.node.cuda.driver.CudaContext#bind()}). Streams,
 * launchers, graphs and events belong to one thread at a time; pools and contexts may be used by several.
 */
package io.spillway.node.cuda.driver;
