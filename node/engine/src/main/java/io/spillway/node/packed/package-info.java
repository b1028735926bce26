/**
 * Owns the side file that keeps a model's packed weights, so that packing happens once: written whole or not at all, keyed by
 * what the model's files are, read by every process that loads the model, and never believed without its checksums.
 *
 * <p>May import the JDK, {@code domain}, {@code modelfile} and {@code node.compute}. The loading thread calls; checking uses the
 * backend's workers.
 */
package io.spillway.node.packed;
