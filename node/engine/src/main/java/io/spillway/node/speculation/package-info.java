/**
 * Owns guesses: which tokens a decoding sequence may go on with, how many of them are worth computing, what became of them.
 * A guess changes when a token is computed, never which token is chosen.
 *
 * <p>May import {@code domain}, and the node's {@code model}, {@code kvcache}, {@code sampling} and {@code runner}. Single writer: the
 * engine thread.
 */
package io.spillway.node.speculation;
