/**
 * Owns characters and regular expressions: sets of code points, how they are written as bytes, and the subset of RE2's and
 * ECMAScript's syntax that describes regular languages.
 *
 * <p>May import the JDK, {@code domain.error} and {@code grammar.automaton}. Pure.
 */
package io.spillway.grammar.regex;
