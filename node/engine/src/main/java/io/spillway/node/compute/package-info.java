/**
 * Owns the arithmetic a model is made of: {@link io.spillway.node.compute.TensorOps} says which operations there are,
 * {@link io.spillway.node.compute.ScalarOps} says exactly what each computes, bit for bit, and
 * {@link io.spillway.node.compute.ComputeBackend} is the port that a device implements, {@link io.spillway.node.compute.Collective} the one between
 * ranks that compute together.
 *
 * <p>Every result is a fixed sequence of IEEE single-precision operations per output element. How rows are batched, tiled,
 * vectorised or threaded changes which core computes an element and when, never the sequence.
 *
 * <p>May import the JDK and {@code domain}. Threads: the engine thread calls; a backend's workers run inside the call.
 */
package io.spillway.node.compute;
