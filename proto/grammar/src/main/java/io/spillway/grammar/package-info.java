/**
 * Owns structured output: grammars, from JSON Schema, regular expressions and GBNF, and which tokens may come next.
 *
 * <p>A {@link io.spillway.grammar.GrammarSource} is what a request says; {@link io.spillway.grammar.Grammar} is that, read and checked,
 * whatever the model; {@link io.spillway.grammar.GrammarCompiler} brings it together with one model's {@link
 * io.spillway.grammar.GrammarVocabulary}; a {@link io.spillway.grammar.GrammarState} follows one output. State is a pure function of
 * grammar and tokens, so that an output can be continued anywhere by taking its tokens again.
 *
 * <p>May import the JDK, {@code domain}, Jackson and the packages beneath. All but the state may be used by any thread.
 */
package io.spillway.grammar;
