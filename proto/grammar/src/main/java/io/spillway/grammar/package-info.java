/**
 * Owns structured output: grammars, from JSON Schema, regular expressions and GBNF, and which tokens may come next.
 *
 * <p>May import the JDK, {@code domain} and Jackson. Pure: state is a function of grammar and tokens.
 */
package io.spillway.grammar;
