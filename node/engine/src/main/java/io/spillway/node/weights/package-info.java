/**
 * Owns the way from a model file to a model's weights: shapes from metadata, tensors by role, packed for the kernels. What is
 * missing, misshapen, of an unsupported type or not understood is refused by name. Also the way back: what a Hugging Face directory holds, as
 * GGUF names and orders it.
 *
 * <p>May import the JDK, {@code domain}, {@code modelfile}, {@code node.compute}, {@code node.stored} and {@code node.packed}. Runs on the thread that loads; packing
 * uses the backend's workers.
 */
package io.spillway.node.weights;
