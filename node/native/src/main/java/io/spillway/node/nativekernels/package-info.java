/**
 * Owns the kernels written in C, called through the FFM API: optional, chosen at start-up by CPU flags; the same weights, the
 * same blocks and the same bits as {@code ScalarOps}.
 *
 * <p>May import the JDK, {@code domain} and {@code node.compute}.
 */
package io.spillway.node.nativekernels;
