/**
 * Owns the architectures: one file each, that reads like the paper, on top of {@code node.compute} and
 * {@code node.weights}; and the seam the runner calls, {@link io.spillway.node.model.LanguageModel}.
 *
 * <p>May import the JDK, {@code domain}, {@code modelfile}, {@code node.compute}, {@code node.parallel}, {@code node.packed} and {@code node.weights}. Thread: the engine
 * thread calls; a backend's workers run inside the call.
 */
package io.spillway.node.model;
