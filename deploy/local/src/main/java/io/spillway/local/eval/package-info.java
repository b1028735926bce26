/**
 * Owns the judgement of a model by its own predictions: perplexity of a text, logits of a prompt. Runs the engine's model on
 * one sequence, without a cluster.
 *
 * <p>May import everything that {@code deploy} may. Runs on the caller's thread; kernels use the backend's threads.
 */
package io.spillway.local.eval;
