/**
 * Owns a model on a GPU: its weights in device memory, the launches that make a step of it, and what a step is told. A
 * {@link io.spillway.node.cuda.Device} runs them.
 *
 * <p>May import the JDK, {@code domain}, {@code node.compute}, {@code node.kvcache}, {@code node.model},
 * {@code node.runner}, {@code node.sampling}, {@code node.weights} and {@code node.cuda}.
 *
 * <p>Thread: the one that loads, then the engine's.
 */
package io.spillway.node.cuda.model;
