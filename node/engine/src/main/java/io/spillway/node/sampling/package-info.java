/**
 * Owns the way from logits to a token: penalties, filters, the random number of an output position, log probabilities.
 * A pure function of logits, parameters, seed, position and the tokens so far; nothing else reaches a result.
 *
 * <p>May import {@code domain} and Agrona's collections. Thread: whoever owns the {@link
 * io.spillway.node.sampling.Sampler}.
 */
package io.spillway.node.sampling;
