/**
 * Owns the conversion of a model's weights to fewer bits: which tensor becomes what, the files that come of it, and what it
 * costs in perplexity.
 *
 * <p>May import everything that {@code deploy} may. Runs on the caller's thread; rows are encoded by the backend's workers.
 */
package io.spillway.local.quantize;
