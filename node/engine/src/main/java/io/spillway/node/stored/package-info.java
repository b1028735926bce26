/**
 * Owns what stored weights mean: one class per family of formats says, exactly, which number every element of a stored block
 * is, and which integers, scales and minima {@link io.spillway.node.compute.MatrixPacker} gets to see; and the way back, from
 * floats to Q8_0, Q4_K and FP8 blocks.
 *
 * <p>May import the JDK, {@code domain}, {@code modelfile} and {@code node.compute}. Everything is immutable or belongs to the
 * calling thread.
 */
package io.spillway.node.stored;
