/**
 * Owns GBNF, the notation of llama.cpp's grammars: rules by name, texts, classes of characters, groups, repetition.
 *
 * <p>May import the JDK, {@code domain.error}, {@code grammar.automaton} and {@code grammar.regex}. Pure.
 */
package io.spillway.grammar.gbnf;
