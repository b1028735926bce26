/**
 * Owns JSON: its syntax as rules, and what JSON Schema's keywords make of it.
 *
 * <p>A schema becomes rules for the texts whose value it allows, written with properties in the order of their declaration. Keywords
 * that cannot be kept are refused by name where the schema is strict, noted where it is not.
 *
 * <p>May import the JDK, Jackson, {@code domain.error}, {@code grammar.automaton} and {@code grammar.regex}. Pure; a compiler belongs
 * to one thread.
 */
package io.spillway.grammar.schema;
