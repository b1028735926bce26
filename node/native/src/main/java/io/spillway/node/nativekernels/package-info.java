/**
 * Owns the kernels written in C (src/main/c), called through the FFM API: optional, chosen at start-up by CPU flags; the same
 * weights, the same blocks and the same bits as {@code ScalarOps}.
 *
 * <p>May import the JDK, {@code domain} and {@code node.compute}.
 *
 * <p>Threads: the workers of the backend underneath. Everything is filled by one engine thread and read by workers inside a
 * section, which write disjoint memory; the library itself keeps no state.
 */
package io.spillway.node.nativekernels;
