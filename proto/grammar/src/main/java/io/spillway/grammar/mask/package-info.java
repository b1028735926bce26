/**
 * Owns which tokens may come next: the vocabulary as a trie over bytes, walked once for every state that asks, and the answers kept.
 *
 * <p>May import the JDK and {@code grammar.automaton}. A trie is immutable. Answers are kept in maps that any thread may use.
 */
package io.spillway.grammar.mask;
