/**
 * Owns one step: rows into the model, logits out, a token per sequence that reached the end of its known tokens.
 *
 * <p>May import {@code domain}, {@code node.kvcache}, {@code node.model} and {@code node.sampling}. Thread: the engine's.
 */
package io.spillway.node.runner;
